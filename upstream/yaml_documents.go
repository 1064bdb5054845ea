package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// document is one object of a file.
type document struct {
	// Index counts the documents of the file from 0, empty ones included.
	Index int `json:"index"`
	// Line is where the document's content begins, counted from 1.
	Line   int             `json:"line"`
	Object json.RawMessage `json:"object"`
	// InList tells that the object was an item of a v1 List.
	InList bool `json:"inList,omitempty"`
}

// decodeDocuments reads the objects of a YAML or JSON file as sigs.k8s.io/yaml understands them.
func decodeDocuments(file string, content []byte) ([]document, *refusal) {
	found := []document{}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if documents, isJSON := jsonStream(content); isJSON {
		return flattenAll(file, documents)
	}
	for index, part := range splitDocuments(content) {
		if part.isBlank() {
			continue
		}
		text, err := yaml.YAMLToJSON(part.text)
		if err != nil {
			return nil, yamlRefusal(file, part.line, err)
		}
		if string(text) == "null" {
			continue
		}
		if text[0] != '{' {
			return nil, &refusal{Code: "invalid-yaml", Message: "the document is not an object", File: file, Line: part.contentLine()}
		}
		found = append(found, document{Index: index, Line: part.contentLine(), Object: text})
	}
	return flattenAll(file, found)
}

type yamlPart struct {
	text []byte
	line int
}

var separator = regexp.MustCompile(`(?m)^---(?:[ \t\r]|$)`)

// splitDocuments cuts a file where a line begins a new document.
func splitDocuments(content []byte) []yamlPart {
	var parts []yamlPart
	start, line := 0, 1
	add := func(end int) {
		part := yamlPart{text: content[start:end], line: line}
		line += bytes.Count(part.text, []byte("\n"))
		// A separator at the very beginning starts the first document and ends none.
		if len(parts) > 0 || end == len(content) || !part.isBlank() {
			parts = append(parts, part)
		}
	}
	for _, cut := range separator.FindAllIndex(content, -1) {
		add(cut[0])
		start = cut[0]
	}
	add(len(content))
	return parts
}

var blankLine = regexp.MustCompile(`^(---)?\s*(#.*)?$`)

func (p yamlPart) contentLine() int {
	for i, text := range bytes.Split(p.text, []byte("\n")) {
		if !blankLine.Match(bytes.TrimRight(text, "\r")) && !bytes.HasPrefix(text, []byte("%")) {
			return p.line + i
		}
	}
	return 0
}

func (p yamlPart) isBlank() bool { return p.contentLine() == 0 }

// jsonStream reads one JSON object after the other; anything else is left to YAML.
func jsonStream(content []byte) ([]document, bool) {
	trimmed := bytes.TrimLeft(content, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	var found []document
	for {
		var object json.RawMessage
		before := decoder.InputOffset()
		if err := decoder.Decode(&object); err == io.EOF {
			return found, true
		} else if err != nil || object[0] != '{' {
			return nil, false
		}
		begin := int(before) + bytes.IndexByte(content[before:], '{')
		line := 1 + bytes.Count(content[:begin], []byte("\n"))
		found = append(found, document{Index: len(found), Line: line, Object: object})
	}
}

func flattenAll(file string, documents []document) ([]document, *refusal) {
	flat := make([]document, 0, len(documents))
	for _, one := range documents {
		items, isList := listItems(one.Object)
		if !isList {
			flat = append(flat, one)
			continue
		}
		for i, item := range items {
			if len(item) == 0 || item[0] != '{' {
				message := fmt.Sprintf("item %d of the List is not an object", i)
				return nil, &refusal{Code: "invalid-yaml", Message: message, File: file, Line: one.Line}
			}
			flat = append(flat, document{Index: one.Index, Line: one.Line, Object: item, InList: true})
		}
	}
	return flat, nil
}

func listItems(object json.RawMessage) ([]json.RawMessage, bool) {
	if !bytes.Contains(object, []byte(`"List"`)) {
		return nil, false
	}
	var list struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(object, &list); err != nil {
		return nil, false
	}
	return list.Items, list.APIVersion == "v1" && list.Kind == "List"
}

var lineInError = regexp.MustCompile(`(?:yaml: )?line (\d+): `)

func yamlRefusal(file string, firstLine int, err error) *refusal {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := firstLine
	if at := lineInError.FindStringSubmatch(message); at != nil {
		relative, _ := strconv.Atoi(at[1])
		line = firstLine + relative - 1
		message = strings.Replace(message, at[0], "", 1)
	}
	return &refusal{Code: "invalid-yaml", Message: redact(message), File: file, Line: line}
}
