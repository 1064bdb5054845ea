// Package lifeline ends a program when the process that started it is gone.
package lifeline

import (
	"fmt"
	"io"
	"os"
	"strconv"
)

// Variable names the environment variable that holds the descriptor of the pipe to the owner.
const Variable = "HOLDFAST_LIFELINE_FD"

// Hold exits the program as soon as the pipe to the owner closes.
//
// The kernel closes the owner's end however the owner dies, SIGKILL included, on Linux and macOS
// alike; a parent-death signal exists on Linux only and follows the owner's thread, not its process.
// Without the variable the program lives on its own, as kubectl does.
func Hold() {
	value, set := os.LookupEnv(Variable)
	if !set {
		return
	}
	descriptor, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		fmt.Fprintf(os.Stderr, "Cannot watch the owner: %s is %q, not a file descriptor\n", Variable, value)
		os.Exit(2)
	}
	// A program started by this one must not keep watching a descriptor that it does not have.
	if err := os.Unsetenv(Variable); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot watch the owner: %v\n", err)
		os.Exit(2)
	}
	go func() {
		_, err := io.Copy(io.Discard, os.NewFile(uintptr(descriptor), "lifeline"))
		fmt.Fprintf(os.Stderr, "The owner is gone, so this program ends (%v)\n", err)
		os.Exit(1)
	}()
}
