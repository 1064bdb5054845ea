//go:build all

package main

import (
	"encoding/json"
	"os"
)

// lookupQuestion asks the parent for what is in the cluster; without a name, for all objects of the kind.
type lookupQuestion struct {
	Ask        string `json:"ask"`
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
}

// lookupReply holds an object or a list, nothing when there is none, or why the cluster did not tell.
type lookupReply struct {
	Found json.RawMessage `json:"found"`
	Error *refusal        `json:"error"`
}

// lookupFunction is the templates' lookup, answered by the parent.
func lookupFunction(p *pipe, used usedFunctions) func(apiVersion, kind, namespace, name string) (map[string]any, error) {
	return func(apiVersion, kind, namespace, name string) (map[string]any, error) {
		used["lookup"] = true
		asked := lookupQuestion{Ask: "lookup", APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
		var reply lookupReply
		if err := p.send(asked); err != nil {
			os.Exit(exitParentGone)
		}
		if _, err := p.receive(&reply); err != nil {
			os.Exit(exitParentGone)
		}
		found := map[string]any{}
		if reply.Error != nil {
			return found, reply.Error
		}
		if len(reply.Found) == 0 || string(reply.Found) == "null" {
			return found, nil
		}
		return found, json.Unmarshal(reply.Found, &found)
	}
}
