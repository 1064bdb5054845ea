//go:build all

package main

import (
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// templateFunctions are sprig's but for those that would tell of this machine or ask others, and a few more.
var templateFunctions = func() template.FuncMap {
	functions := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	functions["normalize"] = normalizedName
	functions["slugify"] = slugifiedName
	functions["toYaml"] = toYAML
	functions["fromYaml"] = func(text string) (value map[string]any, err error) {
		err = yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	functions["fromYamlArray"] = func(text string) (value []any, err error) {
		err = yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	return functions
}()

func toYAML(value any) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

const maxNameBytes = 253

var foreignToNames = regexp.MustCompile(`[^-a-z0-9.]`)

// normalizedName makes a text fit for the name of an object.
func normalizedName(text string) string {
	name := foreignToNames.ReplaceAllString(strings.ToLower(text), "-")
	if len(name) > maxNameBytes {
		name = name[:maxNameBytes]
	}
	return strings.Trim(name, "-.")
}

var (
	foreignToSlugs = regexp.MustCompile(`[^a-z0-9]`)
	manyDashes     = regexp.MustCompile(`-+`)
)

// slugifiedName takes a length and whether to cut between words, both optional, and the text last.
func slugifiedName(arguments ...any) string {
	longest, isSmart, text := 50, true, ""
	for i, argument := range arguments {
		switch {
		case i == len(arguments)-1:
			text, _ = argument.(string)
		case i == 0:
			longest, _ = argument.(int)
		case i == 1:
			isSmart, _ = argument.(bool)
		}
	}
	slug := normalizedName(text)
	if !isSmart && len(slug) > longest {
		slug = slug[:max(0, longest)]
	}
	slug = strings.Trim(manyDashes.ReplaceAllString(foreignToSlugs.ReplaceAllString(slug, "-"), "-"), "-")
	if !isSmart || longest <= 0 || len(slug) <= longest {
		return slug
	}
	if at := strings.LastIndex(slug[:longest+1], "-"); at >= 0 {
		return slug[:at]
	}
	return slug[:longest]
}
