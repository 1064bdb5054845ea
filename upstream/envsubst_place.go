package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// locate adds the field, and file and line when they can be told, of what matches the pattern.
func (f *failedSubstitution) locate(refused *refusal, pattern *regexp.Regexp) {
	for _, leaf := range leavesOf(f.object) {
		if pattern.MatchString(leaf.text) {
			refused.Message += fmt.Sprintf(" (field %s)", leaf.path)
			break
		}
	}
	if found := f.placeOf(pattern); found != nil {
		refused.File, refused.Line = found.file, found.line
	}
}

type place struct {
	file string
	line int
	// likeness tells how surely the text is the origin of the object.
	likeness int
}

const (
	anyText = iota
	similarObject
	sameObject
)

// placeOf finds the pattern in the files that were read. Text that is not the object's own counts only when it is the
// only one, because a generator or a patch brought it into the object.
func (f *failedSubstitution) placeOf(pattern *regexp.Regexp) *place {
	var best *place
	isAmbiguous := false
	for _, file := range slices.Sorted(maps.Keys(f.files.known)) {
		node := f.files.known[file]
		if node.Type != "file" || !pattern.Match(node.content) {
			continue
		}
		for _, part := range splitDocuments(node.content) {
			line := lineOf(part, pattern)
			if line == 0 {
				continue
			}
			found := place{file: file, line: line, likeness: f.likeness(part)}
			switch {
			case best == nil || found.likeness > best.likeness:
				best, isAmbiguous = &found, false
			case found.likeness == best.likeness && found.file != best.file:
				isAmbiguous = true
			}
		}
	}
	if best == nil || (isAmbiguous && best.likeness == anyText) {
		return nil
	}
	return best
}

// lineOf prefers lines that are no comments.
func lineOf(part yamlPart, pattern *regexp.Regexp) int {
	inComment := 0
	for i, line := range strings.Split(string(part.text), "\n") {
		switch {
		case !pattern.MatchString(line):
		case !strings.HasPrefix(strings.TrimSpace(line), "#"):
			return part.line + i
		case inComment == 0:
			inComment = part.line + i
		}
	}
	return inComment
}

// likeness compares with the object as it was built, whose name may have got a prefix, a suffix and a namespace.
func (f *failedSubstitution) likeness(part yamlPart) int {
	var declared struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if yaml.Unmarshal(part.text, &declared) != nil || declared.Kind != f.object.GetKind() || declared.Metadata.Name == "" {
		return anyText
	}
	name, namespace := f.object.GetName(), f.object.GetNamespace()
	switch {
	case declared.Metadata.Name == name && (declared.Metadata.Namespace == namespace || declared.Metadata.Namespace == ""):
		return sameObject
	case strings.Contains(name, declared.Metadata.Name):
		return similarObject
	}
	return anyText
}

// leaf is a text in an object and the path to it; a key that is not plain text is a leaf too.
type leaf struct{ path, text string }

func leavesOf(object *resource.Resource) []leaf {
	content, err := object.Map()
	if err != nil {
		return nil
	}
	var leaves []leaf
	var visit func(path string, value any)
	visit = func(path string, value any) {
		switch value := value.(type) {
		case string:
			leaves = append(leaves, leaf{path, value})
		case []any:
			for i, item := range value {
				visit(fmt.Sprintf("%s[%d]", path, i), item)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				below := fieldPath(path, key)
				if strings.Contains(key, "${") {
					leaves = append(leaves, leaf{below, key})
				}
				visit(below, value[key])
			}
		}
	}
	visit("", content)
	return leaves
}

var plainKey = regexp.MustCompile(`^[\w-]+$`)

func fieldPath(parent, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return fmt.Sprintf("%s[%q]", parent, key)
	case parent == "":
		return key
	}
	return parent + "." + key
}
