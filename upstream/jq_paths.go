//go:build all

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

func init() { operations["jq.paths"] = jqPaths }

type jqInput struct {
	Requests []jqRequest `json:"requests"`
}

// jqRequest is one document and the expressions whose places in it are wanted.
type jqRequest struct {
	Document any      `json:"document"`
	Queries  []string `json:"queries"`
}

// jqAnswer holds JSON pointers. Failed tells that the expression does not fit this document; Unusable, that it is no
// expression or takes too long.
type jqAnswer struct {
	Pointers []string `json:"pointers"`
	Failed   string   `json:"failed,omitempty"`
	Unusable string   `json:"unusable,omitempty"`
}

const (
	maxQueryBytes  = 16 << 10
	maxQueryPaths  = 100_000
	maxQueryMemory = 64 << 20
	queryTime      = time.Second
)

// jqPaths finds what `del(expression)` would delete. One expression that overruns is not tried again in the request.
func jqPaths(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked jqInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	compiled := map[string]*gojq.Code{}
	unusable := map[string]string{}
	answers := make([][]jqAnswer, 0, len(asked.Requests))
	for _, request := range asked.Requests {
		found := make([]jqAnswer, 0, len(request.Queries))
		for _, query := range request.Queries {
			code := compiled[query]
			if code == nil && unusable[query] == "" {
				var err error
				if code, err = compileQuery(query); err != nil {
					unusable[query] = err.Error()
				}
				compiled[query] = code
			}
			if unusable[query] != "" {
				found = append(found, jqAnswer{Unusable: unusable[query]})
				continue
			}
			pointers, err := pathsOf(code, request.Document)
			switch {
			case errors.Is(err, errQueryLimit):
				unusable[query] = err.Error()
				found = append(found, jqAnswer{Unusable: err.Error()})
			case err != nil:
				found = append(found, jqAnswer{Failed: "it does not fit the object"})
			default:
				found = append(found, jqAnswer{Pointers: pointers})
			}
		}
		answers = append(answers, found)
	}
	return map[string]any{"answers": answers}, nil
}

var errQueryLimit = fmt.Errorf("it takes longer than %d s or more than %d MiB of memory, or names too many places", queryTime/time.Second, maxQueryMemory>>20)

func compileQuery(query string) (*gojq.Code, error) {
	if len(query) > maxQueryBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxQueryBytes)
	}
	// On its own first: what closes the call around it is no expression.
	if _, err := gojq.Parse(query); err != nil {
		return nil, err
	}
	parsed, err := gojq.Parse("path(" + query + "\n)")
	if err != nil {
		return nil, err
	}
	return gojq.Compile(parsed)
}

func pathsOf(code *gojq.Code, document any) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTime)
	defer cancel()
	go watchMemory(ctx.Done(), memoryInUse()+maxQueryMemory, cancel)
	pointers := []string{}
	iter := code.RunWithContext(ctx, document)
	for {
		value, ok := iter.Next()
		if !ok {
			return pointers, nil
		}
		if err, isError := value.(error); isError {
			if ctx.Err() != nil {
				return nil, errQueryLimit
			}
			return nil, err
		}
		path, isPath := value.([]any)
		if !isPath {
			return nil, errors.New("not a path")
		}
		pointers = append(pointers, pointersOf(path, document)...)
		if len(pointers) > maxQueryPaths {
			return nil, errQueryLimit
		}
	}
}

// pointersOf writes a path as JSON pointers: one that ends in a slice of a list is several, and a negative index counts
// from the end. The whole document is no place in it.
func pointersOf(path []any, document any) []string {
	pointer := ""
	value := document
	// Where the slice at hand begins in its list.
	offset := 0
	for at, step := range path {
		if name, isName := step.(string); isName {
			members, _ := value.(map[string]any)
			value = members[name]
			pointer += "/" + tokenEscapes.Replace(name)
			continue
		}
		items, _ := value.([]any)
		if slice, isSlice := step.(map[string]any); isSlice {
			from, to := sliceBounds(slice, len(items))
			offset += from
			value = items[from:to]
			if at == len(path)-1 {
				return itemsOf(pointer, offset, to-from)
			}
			continue
		}
		index, isIndex := asIndex(step)
		if index < 0 {
			index += len(items)
		}
		if !isIndex || index < 0 || index >= len(items) {
			return nil
		}
		pointer += "/" + strconv.Itoa(offset+index)
		value = items[index]
		offset = 0
	}
	if pointer == "" {
		return nil
	}
	return []string{pointer}
}

var tokenEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func itemsOf(pointer string, from, count int) []string {
	pointers := make([]string, 0, count)
	for index := range count {
		pointers = append(pointers, pointer+"/"+strconv.Itoa(from+index))
	}
	return pointers
}

func sliceBounds(slice map[string]any, length int) (int, int) {
	bound := func(name string, absent int) int {
		index, isIndex := asIndex(slice[name])
		if !isIndex {
			return absent
		}
		if index < 0 {
			index += length
		}
		return max(0, min(length, index))
	}
	from := bound("start", 0)
	return from, max(from, bound("end", length))
}

func asIndex(value any) (int, bool) {
	switch number := value.(type) {
	case int:
		return number, true
	case float64:
		return int(number), true
	default:
		return 0, false
	}
}
