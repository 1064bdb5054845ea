//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
)

// refuseFiles takes from this process the means to open any file or socket or to start a program:
// with no descriptor left to give, the kernel refuses all of them, whatever a library tries.
func refuseFiles() error {
	os.Clearenv()
	none := syscall.Rlimit{Cur: 0, Max: 0}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none)
}

// refuseMemory lets the system refuse what is over a limit, whatever asks for it. It counts what is reserved beyond what
// is now: a limit of data alone does not see what turns reserved space into data.
func refuseMemory(bytes uint64) error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		// Where the system does not tell, the watch alone ends a program.
		return nil
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return err
	}
	reserved := pages*uint64(os.Getpagesize()) + bytes
	limit := syscall.Rlimit{Cur: reserved, Max: reserved}
	return syscall.Setrlimit(syscall.RLIMIT_AS, &limit)
}

// refuseNetwork makes a library's attempt to fetch something an error that names it.
func refuseNetwork() {
	http.DefaultTransport = refusingTransport{}
}

type refusingTransport struct{}

func (refusingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	panic(remoteRefusal(request.URL.Redacted()))
}

func remoteRefusal(address string) *refusal {
	return &refusal{
		Code:    "remote-refused",
		Message: fmt.Sprintf("%q is not part of this revision, and URLs are not fetched while rendering", address),
	}
}
