package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How this program ends by itself; the parent's side names them for people.
const (
	exitParentGone  = 0
	exitCannotStart = 70
	exitMemoryLimit = 71
)

const (
	watchEvery = 20 * time.Millisecond
	// How much more than the limit the system gives: for what is asked for at once no watch is quick enough.
	memorySlackBytes = 128 << 20
	memoryLookEvery  = 5 * time.Millisecond
	// A runaway recursion ends the program; the default of 1 GiB is far over the memory limit.
	maxStackBytes = 64 << 20
)

type limits struct {
	memoryBytes uint64
	parent      int
	wake        chan bool
}

// lockDown sets the limits that hold for the whole life of this program.
func lockDown(memoryLimitMiB int64) (*limits, error) {
	hard := memoryLimitMiB << 20
	debug.SetMemoryLimit(hard / 10 * 8)
	debug.SetMaxStack(maxStackBytes)
	refuseNetwork()
	l := &limits{memoryBytes: uint64(hard), parent: os.Getppid(), wake: make(chan bool)}
	go l.watch()
	if err := refuseMemory(l.memoryBytes + memorySlackBytes); err != nil {
		return nil, err
	}
	return l, refuseFiles()
}

func (l *limits) startWatching() { l.wake <- true }
func (l *limits) stopWatching()  { l.wake <- false }

// watch ends the program when a request takes too much memory or nobody waits for it any more.
// Between requests it sleeps, so that an idle program costs nothing.
func (l *limits) watch() {
	for busy := range l.wake {
		ticker := time.NewTicker(watchEvery)
		for busy {
			select {
			case busy = <-l.wake:
			case <-ticker.C:
				l.check()
			}
		}
		ticker.Stop()
	}
}

func (l *limits) check() {
	if memoryInUse() > l.memoryBytes {
		os.Exit(exitMemoryLimit)
	}
	if os.Getppid() != l.parent {
		os.Exit(exitParentGone)
	}
}

func memoryInUse() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// watchMemory calls over when more memory than a limit is in use; it ends with done.
func watchMemory(done <-chan struct{}, limit uint64, over func()) {
	ticker := time.NewTicker(memoryLookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if memoryInUse() > limit {
				over()
				return
			}
		}
	}
}
