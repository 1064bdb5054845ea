package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Messages about the text of the file that was read last.
var blamesFile = regexp.MustCompile(`(^|[ '(])yaml: |MalformedYAML|invalid Kustomization`)

// kustomize takes every resource for a file first and for a folder then, and tells both failures.
var otherAttempts = []*regexp.Regexp{
	regexp.MustCompile(`accumulation err='(.*)': must build at directory: .*(?:file is not directory|doesn't exist)$`),
	regexp.MustCompile(`accumulation err='accumulating resources from '[^']*': '[^']*' is a directory': ()`),
}

// explain adds file and line to an error of the library where they can be told.
func explain(guard *kustomizationGuard, err error) error {
	told := *asRefusal(err)
	told.Message = strings.ReplaceAll(strings.ReplaceAll(told.Message, mount+"/", ""), mount, ".")
	for _, attempt := range otherAttempts {
		told.Message = attempt.ReplaceAllString(told.Message, "$1")
	}
	if at := registeredTwice.FindStringSubmatch(told.Message); at != nil {
		told.Message += placesOf(guard, at[1], at[2], at[3])
	}
	lastRead := guard.files.lastRead
	if told.File != "" || lastRead == "" || !blamesFile.MatchString(told.Message) {
		return &told
	}
	content, _ := guard.files.read(lastRead)
	if _, located := decodeDocuments(lastRead, content); located != nil {
		return located
	}
	told.Code, told.File = "invalid-yaml", lastRead
	return &told
}

var registeredTwice = regexp.MustCompile(`already registered id: (\w+)\.[^/]*/([^\s']+)\.([^\s.']+)`)

// placesOf names the listed files that hold an object, as far as its name was not changed on the way.
func placesOf(guard *kustomizationGuard, kind, name, namespace string) string {
	var places []string
	for _, file := range guard.listed {
		node := guard.files.known[file]
		if node == nil || node.Type != "file" {
			continue
		}
		documents, _ := decodeDocuments(file, node.content)
		for _, document := range documents {
			place := fmt.Sprintf("%s:%d", file, document.Line)
			if isObject(document.Object, kind, name, namespace) && !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	if len(places) < 2 {
		return ""
	}
	return fmt.Sprintf(" (in %s)", strings.Join(places, " and "))
}

func isObject(text json.RawMessage, kind, name, namespace string) bool {
	var object struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if json.Unmarshal(text, &object) != nil || object.Kind != kind || object.Metadata.Name != name {
		return false
	}
	return object.Metadata.Namespace == namespace || (object.Metadata.Namespace == "" && namespace == "[noNs]")
}
