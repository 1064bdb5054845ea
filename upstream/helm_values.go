//go:build all

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
)

// valuesPart is one source of values: a YAML text, an object, or one value at a path. Later ones win.
type valuesPart struct {
	// Name is what errors call it.
	Name   string         `json:"name"`
	YAML   *string        `json:"yaml"`
	Object map[string]any `json:"object"`
	Set    *valueAtPath   `json:"set"`
}

type valueAtPath struct {
	Path  string `json:"path"`
	Value string `json:"value"`
	As    string `json:"as"`
}

type helmValuesInput struct {
	Values []valuesPart `json:"values"`
}

// helmValues merges values as Helm does: maps deeply, lists and scalars replaced, null kept to delete a default later.
func helmValues(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked helmValuesInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	merged, err := mergeValues(asked.Values)
	if err != nil {
		return nil, err
	}
	digest, err := valuesDigest(merged)
	if err != nil {
		return nil, err
	}
	return map[string]any{"values": merged, "configDigest": digest}, nil
}

func mergeValues(parts []valuesPart) (map[string]any, error) {
	merged := map[string]any{}
	for _, part := range parts {
		switch {
		case part.Set != nil:
			if problem := setValue(merged, *part.Set); problem != "" {
				return nil, &refusal{Code: "invalid-values", Message: problem, File: part.Name}
			}
		case part.YAML != nil:
			parsed, err := parseValues(part.Name, *part.YAML)
			if err != nil {
				return nil, err
			}
			merged = loader.MergeMaps(merged, parsed)
		default:
			merged = loader.MergeMaps(merged, part.Object)
		}
	}
	return merged, nil
}

var libraryPrefix = regexp.MustCompile(`^cannot unmarshal yaml document: (error (converting YAML to|unmarshaling) JSON: )?(yaml: )?`)

func parseValues(name, text string) (map[string]any, error) {
	refuseAliasBomb(name, []byte(text))
	parsed, err := loader.LoadValues(strings.NewReader(text))
	if err == nil {
		return parsed, nil
	}
	told := yamlRefusal(name, 1, err)
	told.Code, told.Message = "invalid-values", libraryPrefix.ReplaceAllString(told.Message, "")
	return nil, told
}

// setValue writes into the values what Helm's --set flags would. It returns what is wrong, without the value.
func setValue(values map[string]any, at valueAtPath) string {
	if err := parseInto(map[string]any{}, at.As, at.Path, "1"); err != nil {
		return fmt.Sprintf("%q is no path of a value: %s", at.Path, err)
	}
	if err := parseInto(values, at.As, at.Path, at.Value); err != nil {
		if at.As == "json" {
			return fmt.Sprintf("the value for %q is not JSON", at.Path)
		}
		return fmt.Sprintf("the value for %q cannot be set there: it is not of the form that --set takes, or the path leads into another value", at.Path)
	}
	return ""
}

func parseInto(values map[string]any, as, path, value string) error {
	switch as {
	case "typed":
		return strvals.ParseInto(path+"="+value, values)
	case "string":
		return strvals.ParseIntoString(path+"="+value, values)
	case "literal":
		return strvals.ParseLiteralInto(path+"="+value, values)
	case "json":
		return strvals.ParseJSON(path+"="+value, values)
	case "file":
		content := func([]rune) (any, error) { return value, nil }
		return strvals.ParseIntoFile(path+"=content", values, content)
	}
	return fmt.Errorf("values cannot be set as %q", as)
}
