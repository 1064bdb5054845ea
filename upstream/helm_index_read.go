//go:build all

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// indexContent is what was read of an index: all names, and the versions of the wanted charts.
type indexContent struct {
	names    []string
	versions map[string][]*indexVersion
}

func (c *indexContent) add(name string, versions []*indexVersion) {
	usable := make([]*indexVersion, 0, len(versions))
	for _, version := range versions {
		if isUsable(version) {
			usable = append(usable, version)
		}
	}
	c.versions[name] = usable
}

// isUsable tells whether Helm would take this entry; one broken entry spoils no other.
func isUsable(version *indexVersion) bool {
	if version == nil || version.Metadata == nil {
		return false
	}
	if version.APIVersion == "" {
		version.APIVersion = chart.APIVersionV1
	}
	err := version.Validate()
	// Some repositories drop the aliases, by which such dependencies differ.
	return err == nil || strings.HasPrefix(err.Error(), "validation: more than one dependency with name or alias")
}

func readIndex(text []byte, wanted map[string]bool) (*indexContent, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, &refusal{Code: "invalid-index", Message: "empty index.yaml file"}
	}
	if bytes.TrimLeft(text, " \t\r\n")[0] == '{' {
		if found, err := readJSONIndex(text, wanted); err == nil || err == errNoIndexVersion {
			return found, err
		}
	} else if found, isPlain := readPlainIndex(text, wanted); isPlain {
		return found, nil
	}
	return readWholeIndex(text, wanted)
}

// readJSONIndex walks an index of JSON and decodes one chart at a time.
func readJSONIndex(text []byte, wanted map[string]bool) (*indexContent, error) {
	found := &indexContent{versions: map[string][]*indexVersion{}}
	var top struct {
		APIVersion string      `json:"apiVersion"`
		Entries    jsonEntries `json:"entries"`
	}
	top.Entries = jsonEntries{found: found, wanted: wanted}
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, err
	}
	if top.APIVersion == "" {
		return nil, errNoIndexVersion
	}
	return found, nil
}

type jsonEntries struct {
	found  *indexContent
	wanted map[string]bool
}

// UnmarshalJSON reads the entries chart by chart.
func (e *jsonEntries) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		var versions json.RawMessage
		if err := decoder.Decode(&versions); err != nil {
			return err
		}
		e.found.names = append(e.found.names, name)
		if !e.wanted[name] {
			continue
		}
		var decoded []*indexVersion
		if err := json.Unmarshal(versions, &decoded); err != nil {
			return err
		}
		e.found.add(name, decoded)
	}
	return nil
}

var errNoIndexVersion error = &refusal{Code: "invalid-index", Message: "no API version specified"}

var (
	indexKey        = regexp.MustCompile(`^["']?([\w./-]+)["']?:[ \t]*(\[\])?[ \t]*(#.*)?\r?$`)
	indexStart      = regexp.MustCompile(`(?m)^entries:[ \t]*\r?$`)
	indexAPIVersion = regexp.MustCompile(`(?m)^["']?apiVersion["']?:[ \t]*\S`)
)

// readPlainIndex reads an index as Helm and its like write it: each chart a key of its own line below `entries`,
// told by indentation alone. It answers false for any other YAML, which must then be parsed as a whole.
func readPlainIndex(text []byte, wanted map[string]bool) (*indexContent, bool) {
	start := indexStart.FindIndex(text)
	if start == nil || !indexAPIVersion.Match(text) {
		return nil, false
	}
	found := &indexContent{versions: map[string][]*indexVersion{}}
	rest := text[start[1]:]
	indent, name, begin := 0, "", 0
	for at := 0; at <= len(rest); {
		end := at + bytes.IndexByte(rest[at:], '\n')
		if end < at {
			end = len(rest)
		}
		line := rest[at:end]
		depth := len(line) - len(bytes.TrimLeft(line, " "))
		content := line[depth:]
		isEnd := at == len(rest) || (depth == 0 && len(content) > 0 && content[0] != '#' && content[0] != '\r')
		isItem := bytes.HasPrefix(content, []byte("-"))
		switch {
		case isEnd:
			return found, found.addPlain(name, rest[begin:min(at, len(rest))], wanted)
		case len(bytes.TrimSpace(content)) == 0 || content[0] == '#':
		case content[0] == '\t' || (indent > 0 && depth < indent):
			return nil, false
		case indent == 0 || (depth == indent && !isItem):
			key := indexKey.FindSubmatch(content)
			if key == nil || !found.addPlain(name, rest[begin:at], wanted) {
				return nil, false
			}
			indent, name, begin = depth, string(key[1]), at
			found.names = append(found.names, name)
		}
		at = end + 1
	}
	return found, found.addPlain(name, rest[begin:], wanted)
}

// addPlain decodes one chart of a plain index when it is wanted.
func (c *indexContent) addPlain(name string, text []byte, wanted map[string]bool) bool {
	if name == "" || !wanted[name] {
		return true
	}
	refuseAliasBomb("index.yaml", text)
	var decoded map[string][]*indexVersion
	if err := yaml.Unmarshal(text, &decoded); err != nil || len(decoded) != 1 {
		return false
	}
	c.add(name, decoded[name])
	return true
}

// readWholeIndex parses any YAML, at the cost of many times its size in memory.
func readWholeIndex(text []byte, wanted map[string]bool) (*indexContent, error) {
	refuseAliasBomb("index.yaml", text)
	var whole struct {
		APIVersion string                     `json:"apiVersion"`
		Entries    map[string]json.RawMessage `json:"entries"`
	}
	if err := yaml.Unmarshal(text, &whole); err != nil {
		return nil, yamlRefusal("index.yaml", 1, err)
	}
	if whole.APIVersion == "" {
		return nil, errNoIndexVersion
	}
	found := &indexContent{versions: map[string][]*indexVersion{}}
	for name, entry := range whole.Entries {
		found.names = append(found.names, name)
		if !wanted[name] {
			continue
		}
		var decoded []*indexVersion
		if err := json.Unmarshal(entry, &decoded); err != nil {
			return nil, &refusal{Code: "invalid-index", Message: fmt.Sprintf("the entry of chart %q is not a list of versions", name)}
		}
		found.add(name, decoded)
	}
	return found, nil
}
