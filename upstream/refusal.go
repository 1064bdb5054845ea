package main

import (
	"errors"
	"regexp"
	"strings"
)

// refusal is an error that an operator reads: it never quotes the content of a file, which may be secret.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

func (r *refusal) Error() string { return r.Message }

func asRefusal(err error) *refusal {
	var known *refusal
	if errors.As(err, &known) {
		return known
	}
	return &refusal{Code: "failed", Message: redact(err.Error())}
}

const maxMessageBytes = 1200

// Where the libraries put pieces of their input into a message.
var quotations = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile("(?s) with config: `.*?\n`"), ""},
	{regexp.MustCompile("`[^`]{0,40}`"), "(value hidden)"},
	{regexp.MustCompile(`(?s)\[patch: "(\\.|[^"\\])*"\]`), "[inline patch]"},
	{regexp.MustCompile(`(?s)literal sources \[.*?\]: `), "literal sources: "},
	{regexp.MustCompile(`(?s)invalid literal source .*?, expected`), "invalid literal source, expected"},
	{regexp.MustCompile(`(?s)has invalid utf8 bytes : .*`), "has invalid UTF-8 bytes"},
	{regexp.MustCompile(`(?s)(decoding|for patch|for JSON patch) [\[{].*`), "$1 (value hidden)"},
	{regexp.MustCompile(`(?s)(map\[|[\[{]\s*["{]).*`), "(value hidden)"},
	{regexp.MustCompile(`"(\\.|[^"\\]){120,}"`), "(value hidden)"},
}

// Words that messages put between backquotes and that are no input.
var plainWords = regexp.MustCompile("`(resources|patches|patches\\.target|namespace|images|replacements|vars)`")

// The lines after the first of a message are a dump of the input, but for these.
var laterLine = regexp.MustCompile(`^(\s*line \d+: |kind should be |apiVersion for )`)

// redact removes what a library quotes from its input and keeps one line of a readable length.
func redact(message string) string {
	message = plainWords.ReplaceAllString(message, "$1")
	for _, quotation := range quotations {
		message = quotation.pattern.ReplaceAllString(message, quotation.instead)
	}
	lines := strings.Split(message, "\n")
	kept := lines[:1]
	for _, line := range lines[1:] {
		if laterLine.MatchString(line) {
			kept = append(kept, line)
		}
	}
	message = strings.Join(strings.Fields(strings.Join(kept, " ")), " ")
	if len(message) > maxMessageBytes {
		message = strings.ToValidUTF8(message[:maxMessageBytes], "") + "…"
	}
	return message
}
