package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

// maxOutputBytes caps one result.
const maxOutputBytes = 64 << 20

// largeAttachmentBytes is what is given back at once after its request, rather than when there is need.
const largeAttachmentBytes = 16 << 20

// operation turns an input into a result; what it needs to know beyond its input it asks through the pipe.
type operation func(p *pipe, input json.RawMessage, attachment []byte) (any, error)

// operations is the whole surface of this program: one file for each.
var operations = map[string]operation{
	"kustomize.build": kustomizeBuild,
	"version":         version,
	"yaml.decode":     yamlDecode,
}

func serve(p *pipe, limits *limits) {
	for {
		var asked request
		attachment, err := p.receive(&asked)
		if err != nil {
			os.Exit(exitParentGone)
		}
		limits.startWatching()
		given := perform(p, asked, attachment)
		limits.stopWatching()
		if err := p.send(given); err != nil {
			os.Exit(exitParentGone)
		}
		if len(attachment) > largeAttachmentBytes {
			// An idle program collects no garbage by itself for minutes.
			attachment, given = nil, answer{}
			debug.FreeOSMemory()
		}
	}
}

func perform(p *pipe, asked request, attachment []byte) (given answer) {
	defer func() {
		if thrown := recover(); thrown != nil {
			given = answer{Error: refusalFromPanic(thrown)}
		}
	}()
	run, known := operations[asked.Op]
	if !known {
		return answer{Error: &refusal{Code: "invalid-input", Message: fmt.Sprintf("unknown operation %q", asked.Op)}}
	}
	result, err := run(p, asked.Input, attachment)
	if err != nil {
		return answer{Error: asRefusal(err)}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return answer{Error: asRefusal(err)}
	}
	if len(text) > maxOutputBytes {
		message := fmt.Sprintf("the result has %d MiB, more than the allowed %d", len(text)>>20, maxOutputBytes>>20)
		return answer{Error: &refusal{Code: "too-large", Message: message}}
	}
	if deeper := depthOf(text); deeper > maxDepth {
		message := fmt.Sprintf("the result is nested %d levels deep, more than the allowed %d", deeper, maxDepth)
		return answer{Error: &refusal{Code: "too-deep", Message: message}}
	}
	return answer{Result: text}
}

// maxDepth caps how deep a result may be nested, so that no reader needs an unbounded stack.
const maxDepth = 300

func depthOf(text []byte) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func refusalFromPanic(thrown any) *refusal {
	if stopped, isRefusal := thrown.(*refusal); isRefusal {
		return stopped
	}
	return &refusal{Code: "internal", Message: redact(fmt.Sprintf("the library failed on this input: %v", thrown))}
}
