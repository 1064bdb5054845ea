//go:build all

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

func init() { operations["jsonnet.eval"] = jsonnetEval }

type jsonnetInput struct {
	Path      string            `json:"path"`
	Variables []jsonnetVariable `json:"extVars"`
	Arguments []jsonnetVariable `json:"tlas"`
	// Libraries are folders of the tree where imports are looked for, the last first.
	Libraries []string `json:"libs"`
}

type jsonnetVariable struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	IsCode bool   `json:"code"`
}

// jsonnetEval evaluates a file of the parent's tree and returns the objects that it means.
func jsonnetEval(p *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked jsonnetInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	imports := &treeImporter{files: newTree(p), libraries: asked.Libraries, found: map[string]jsonnet.Contents{}}
	caught := &caughtError{}
	vm := jsonnet.MakeVM()
	vm.Importer(imports)
	vm.ErrorFormatter = caught
	for _, variable := range asked.Variables {
		if variable.IsCode {
			vm.ExtCode(variable.Name, variable.Value)
		} else {
			vm.ExtVar(variable.Name, variable.Value)
		}
	}
	for _, argument := range asked.Arguments {
		if argument.IsCode {
			vm.TLACode(argument.Name, argument.Value)
		} else {
			vm.TLAVar(argument.Name, argument.Value)
		}
	}
	// The library looks for the file itself as it looks for imports.
	text, err := vm.EvaluateFile(path.Clean(asked.Path))
	if err != nil {
		return nil, jsonnetRefusal(asked.Path, imports, caught.err)
	}
	objects, err := jsonnetObjects(asked.Path, []byte(text))
	if err != nil {
		return nil, err
	}
	return map[string]any{"objects": objects}, nil
}

// jsonnetObjects takes apart what a file may yield: one object, or a list of them.
func jsonnetObjects(file string, text []byte) ([]json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	entries := []json.RawMessage{text}
	if text[0] == '[' {
		if err := json.Unmarshal(text, &entries); err != nil {
			return nil, &refusal{Code: "invalid", Message: redact(err.Error()), File: file}
		}
	}
	objects := make([]json.RawMessage, 0, len(entries))
	for index, entry := range entries {
		switch {
		case entry[0] == '{':
			objects = append(objects, entry)
		case string(entry) != "null":
			message := fmt.Sprintf("entry %d of what it yields is not an object", index)
			return nil, &refusal{Code: "invalid", Message: message, File: file}
		}
	}
	return objects, nil
}

// treeImporter reads what files import from the parent's tree: beside the importing file first, then in the libraries.
type treeImporter struct {
	files     *tree
	libraries []string
	// The same file must always be the same value.
	found   map[string]jsonnet.Contents
	refused *refusal
}

func (i *treeImporter) Import(from, asked string) (contents jsonnet.Contents, at string, err error) {
	defer func() {
		// The library takes panics for its own.
		if thrown := recover(); thrown != nil {
			i.refused = refusalFromPanic(thrown)
			err = i.refused
		}
	}()
	if path.IsAbs(asked) {
		panic(&refusal{Code: "outside-tree", Message: fmt.Sprintf("%q leaves the repository", asked)})
	}
	folders := []string{path.Dir(from)}
	for at := len(i.libraries) - 1; at >= 0; at-- {
		folders = append(folders, i.libraries[at])
	}
	for _, folder := range folders {
		file := path.Join(folder, asked)
		if known, isKnown := i.found[file]; isKnown {
			return known, file, nil
		}
		if content, isFile := i.files.read(file); isFile {
			i.found[file] = jsonnet.MakeContentsRaw(content)
			return i.found[file], file, nil
		}
	}
	return contents, "", fmt.Errorf("%q is neither beside the file nor in a library folder", asked)
}

// caughtError keeps an error as it is: the library would only give its text.
type caughtError struct{ err error }

func (c *caughtError) Format(err error) string {
	c.err = err
	return err.Error()
}
func (*caughtError) SetMaxStackTraceSize(int)                 {}
func (*caughtError) SetColorFormatter(jsonnet.ColorFormatter) {}

// jsonnetRefusal tells where in which file an evaluation failed.
func jsonnetRefusal(file string, imports *treeImporter, err error) *refusal {
	told := &refusal{Code: "invalid-jsonnet", File: file, Message: redact(strings.TrimPrefix(err.Error(), "RUNTIME ERROR: "))}
	var failed jsonnet.RuntimeError
	var static interface{ Loc() ast.LocationRange }
	places := []ast.LocationRange{}
	if errors.As(err, &failed) {
		// The library lists the innermost call last.
		for _, frame := range slices.Backward(failed.StackTrace) {
			places = append(places, frame.Loc)
		}
	} else if errors.As(err, &static) {
		place := static.Loc()
		places = append(places, place)
		told.Message = redact(strings.TrimSpace(strings.TrimPrefix(err.Error(), place.String())))
	}
	for _, place := range places {
		if _, isFile := imports.found[place.FileName]; isFile {
			told.File, told.Line = place.FileName, place.Begin.Line
			break
		}
	}
	if imports.refused != nil {
		told.Code, told.Message = imports.refused.Code, imports.refused.Message
	}
	return told
}
