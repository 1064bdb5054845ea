package main

import (
	"bytes"
	"fmt"
	"io"

	yaml "go.yaml.in/yaml/v3"
)

// How large a document may become when its aliases are written out.
const (
	maxExpandedNodes = 500_000
	maxExpandedBytes = 32 << 20
)

// refuseAliasBomb throws when a file's YAML aliases would expand over the caps. What is no YAML passes:
// whoever parses it says so.
func refuseAliasBomb(file string, content []byte) {
	if refused := aliasBomb(file, content); refused != nil {
		refused.File = file
		panic(refused)
	}
}

// aliasBomb is the refusal of a text, of the given name, whose aliases expand too far.
func aliasBomb(name string, content []byte) *refusal {
	if !bytes.ContainsRune(content, '&') || !bytes.ContainsRune(content, '*') {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err == io.EOF || err != nil {
			return nil
		}
		counted := map[*yaml.Node]expansion{}
		if total := expand(&document, counted); total.nodes > maxExpandedNodes || total.bytes > maxExpandedBytes {
			return &refusal{
				Code:    "alias-bomb",
				Message: fmt.Sprintf("the YAML aliases of %s expand to more than %d values or %d MiB", name, maxExpandedNodes, maxExpandedBytes>>20),
				Line:    document.Line,
			}
		}
	}
}

type expansion struct{ nodes, bytes int }

var endless = expansion{nodes: maxExpandedNodes + 1}

func expand(node *yaml.Node, counted map[*yaml.Node]expansion) expansion {
	if known, isCounted := counted[node]; isCounted {
		return known
	}
	// Reached again before it is counted, an anchor contains itself.
	counted[node] = endless
	total := expansion{nodes: 1, bytes: len(node.Value)}
	children := node.Content
	if node.Kind == yaml.AliasNode {
		children = []*yaml.Node{node.Alias}
	}
	for _, child := range children {
		below := expand(child, counted)
		total.nodes = min(total.nodes+below.nodes, maxExpandedNodes+1)
		total.bytes = min(total.bytes+below.bytes, maxExpandedBytes+1)
	}
	counted[node] = total
	return total
}
