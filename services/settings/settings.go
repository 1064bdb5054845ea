// Package settings is how a test tells a server what to do and learns where it listens.
package settings

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// What libraries print goes elsewhere, so that the owner reads nothing but the address.
var output = os.Stdout

func init() {
	os.Stdout = os.Stderr
}

// Read decodes the first line of stdin and then calls stop when stdin closes: the kernel closes it
// however the owner ends.
func Read(into any, stop func()) error {
	lines := bufio.NewReader(os.Stdin)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("no settings on stdin: %w", err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("settings do not parse: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		stop()
	}()
	return nil
}

// Announce prints the address that the server listens on.
func Announce(address string) error {
	return json.NewEncoder(output).Encode(map[string]string{"address": address})
}
