// Command holdfast-upstream runs the official libraries of the Kubernetes world behind a pipe.
//
// It reads requests from standard input and answers on standard output, one at a time. It has no
// logic of its own, opens no file and no socket, and asks its parent for every file it needs.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

func main() {
	memoryLimitMiB := flag.Int64("memory-limit-mib", 256, "exit when more memory than this is in use")
	flag.Parse()
	limits, err := lockDown(*memoryLimitMiB)
	if err != nil {
		fmt.Fprintf(os.Stderr, "Cannot start: %v\n", err)
		os.Exit(exitCannotStart)
	}
	serve(&pipe{in: bufio.NewReaderSize(os.Stdin, 1<<16), out: bufio.NewWriterSize(os.Stdout, 1<<16)}, limits)
}
