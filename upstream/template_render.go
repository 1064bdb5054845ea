//go:build all

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

func init() {
	operations["template.render"] = templateRender
	operations["yaml.values"] = yamlValues
}

const (
	// maxTemplateOutput caps what one text may become, and maxTemplateTotal what all of a request may.
	maxTemplateOutput = 1 << 20
	maxTemplateTotal  = 48 << 20
)

type templateInput struct {
	// Trees are JSON values with templates in their texts and in the names of their members.
	Trees []json.RawMessage `json:"trees"`
	Jobs  []templateJob     `json:"jobs"`
	// Options are those of text/template, e.g. missingkey=error.
	Options []string `json:"options"`
}

// templateJob is one tree to fill in, by its index, and what to fill in.
type templateJob struct {
	Tree   int            `json:"tree"`
	Params map[string]any `json:"params"`
}

// templateAnswer is a filled-in tree, or why there is none.
type templateAnswer struct {
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

// templateRender fills trees in, each job apart from the others: one that fails spoils no other.
func templateRender(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked templateInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	trees := make([]any, len(asked.Trees))
	for i, text := range asked.Trees {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&trees[i]); err != nil {
			return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
		}
	}
	filler := &filler{parsed: map[string]parsedTemplate{}, options: asked.Options, left: maxTemplateTotal}
	answers := make([]templateAnswer, 0, len(asked.Jobs))
	for _, job := range asked.Jobs {
		if job.Tree < 0 || job.Tree >= len(trees) {
			return nil, &refusal{Code: "invalid-input", Message: "a job names a tree that is not there"}
		}
		value, err := filler.fill(trees[job.Tree], job.Params)
		if err != nil {
			answers = append(answers, templateAnswer{Error: shortened(err.Error())})
			continue
		}
		answers = append(answers, templateAnswer{Value: value})
	}
	return map[string]any{"answers": answers}, nil
}

type parsedTemplate struct {
	template *template.Template
	err      error
}

// filler remembers templates that it has parsed.
type filler struct {
	parsed  map[string]parsedTemplate
	options []string
	left    int
}

func (f *filler) fill(tree any, params map[string]any) (any, error) {
	switch node := tree.(type) {
	case string:
		return f.text(node, params)
	case []any:
		filled := make([]any, len(node))
		for i, member := range node {
			value, err := f.fill(member, params)
			if err != nil {
				return nil, err
			}
			filled[i] = value
		}
		return filled, nil
	case map[string]any:
		filled := make(map[string]any, len(node))
		for name, member := range node {
			value, err := f.fill(member, params)
			if err != nil {
				return nil, err
			}
			filledName, err := f.text(name, params)
			if err != nil {
				return nil, err
			}
			filled[filledName] = value
		}
		return filled, nil
	default:
		return tree, nil
	}
}

func (f *filler) text(text string, params map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	known, isKnown := f.parsed[text]
	if !isKnown {
		known = parseTemplate(text, f.options)
		f.parsed[text] = known
	}
	if known.err != nil {
		return "", fmt.Errorf("failed to parse template %s: %w", quoted(text), known.err)
	}
	output := &cappedBuffer{left: min(maxTemplateOutput, f.left)}
	if err := known.template.Execute(output, params); err != nil {
		return "", fmt.Errorf("failed to execute go template %s: %w", quoted(text), err)
	}
	f.left -= output.text.Len()
	return output.text.String(), nil
}

// parseTemplate refuses what a library panics over: an option that does not exist.
func parseTemplate(text string, options []string) (parsed parsedTemplate) {
	defer func() {
		if thrown := recover(); thrown != nil {
			parsed = parsedTemplate{err: fmt.Errorf("%v", thrown)}
		}
	}()
	made, err := template.New("").Funcs(templateFunctions).Option(options...).Parse(text)
	return parsedTemplate{template: made, err: err}
}

var errTooLong = errors.New("the result is longer than allowed")

// cappedBuffer ends a template that writes without end.
type cappedBuffer struct {
	text strings.Builder
	left int
}

func (b *cappedBuffer) Write(part []byte) (int, error) {
	if len(part) > b.left {
		return 0, errTooLong
	}
	b.left -= len(part)
	return b.text.Write(part)
}

const maxQuotedBytes = 200

func quoted(text string) string {
	if len(text) <= maxQuotedBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuotedBytes], "") + "…"
}

func shortened(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessageBytes], "") + "…"
}

type yamlValuesInput struct {
	Texts []string `json:"texts"`
}

// yamlValues turns YAML or JSON texts into values as sigs.k8s.io/yaml does; a broken text spoils no other.
func yamlValues(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked yamlValuesInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	answers := make([]templateAnswer, 0, len(asked.Texts))
	for _, text := range asked.Texts {
		value, err := yamlValue(text)
		if err != nil {
			answers = append(answers, templateAnswer{Error: shortened(redact(err.Error()))})
			continue
		}
		answers = append(answers, templateAnswer{Value: value})
	}
	return map[string]any{"answers": answers}, nil
}

func yamlValue(text string) (value any, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = refusalFromPanic(thrown)
		}
	}()
	refuseAliasBomb("", []byte(text))
	err = yaml.Unmarshal([]byte(text), &value)
	return value, err
}
