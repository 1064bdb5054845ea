package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
)

// version tells which libraries are built in.
func version(*pipe, json.RawMessage, []byte) (any, error) {
	libraries := map[string]string{}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			libraries[module.Path] = module.Version
		}
	}
	return map[string]any{"go": runtime.Version(), "libraries": libraries}, nil
}
