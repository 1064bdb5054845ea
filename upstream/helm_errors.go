//go:build all

package main

import (
	"regexp"
	"strconv"
	"strings"
)

// Where Helm and what it calls put pieces of values and files into a message.
var helmQuotations = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?s)(tpl function execution for|cannot parse template) "(\\.|[^"\\])*"`), "$1 a text"},
	{regexp.MustCompile(`(range can't iterate over |improper constraint: ).*`), "$1(value hidden)"},
	{regexp.MustCompile(`(pars(?:ing|e)(?: time)?) "(\\.|[^"\\])*"`), "$1 (value hidden)"},
	{regexp.MustCompile(`(?s)(non-comparable type ).*: `), "$1(value hidden): "},
	{regexp.MustCompile(`(?s)'[^']*' (does not match pattern|is not valid)`), "(value hidden) $1"},
	{regexp.MustCompile("`[^`]*`"), "(value hidden)"},
}

var (
	oneLocation   = regexp.MustCompile(`^(?:parse|execution) error (?:at|in) \((.+?)(?::(\d+))?(?::\d+)?\): `)
	goLocation    = regexp.MustCompile(`^template: (\S+?):(\d+)(?::\d+)?: `)
	chainLocation = regexp.MustCompile(`(?m)^(\S+\.\w+):(\d+)(?::\d+)?\n`)
	yamlLocation  = regexp.MustCompile(`^YAML parse error on (\S+): (?:error converting YAML to JSON: )?(?:yaml: )?`)
)

// templateRefusal tells where in which template of which chart rendering failed.
func templateRefusal(err error) *refusal {
	told := &refusal{Code: "template", Message: err.Error()}
	at := oneLocation.FindStringSubmatch(told.Message)
	if at == nil {
		at = goLocation.FindStringSubmatch(told.Message)
	}
	if at != nil {
		told.File, told.Message = at[1], strings.TrimPrefix(told.Message, at[0])
		told.Line, _ = strconv.Atoi(at[2])
	} else if chain := chainLocation.FindAllStringSubmatch(told.Message, -1); chain != nil {
		// The last place is the innermost: the failing line itself, not the include that leads there.
		told.File = chain[len(chain)-1][1]
		told.Line, _ = strconv.Atoi(chain[len(chain)-1][2])
		if len(chain) == 1 {
			told.Message = strings.TrimPrefix(told.Message, chain[0][0])
		}
	} else if at := yamlLocation.FindStringSubmatch(told.Message); at != nil {
		// The line is one of what was rendered, which no file holds.
		told.Code, told.File = "invalid-yaml", at[1]
		told.Message = "rendered document: " + strings.TrimPrefix(told.Message, at[0])
	}
	told.Message = helmRedact(told.Message)
	return told
}

// helmRedact keeps a message of Helm readable and free of values.
func helmRedact(message string) string {
	for _, quotation := range helmQuotations {
		message = quotation.pattern.ReplaceAllString(message, quotation.instead)
	}
	message = strings.Join(strings.Fields(message), " ")
	if len(message) > maxMessageBytes {
		message = strings.ToValidUTF8(message[:maxMessageBytes], "") + "…"
	}
	return message
}

var remoteReference = regexp.MustCompile(`failing loading "?([^"\s]+?)"?:\s`)

// schemaRefusal tells which values of which chart break its schema.
func schemaRefusal(err error) *refusal {
	message := err.Error()
	if strings.Contains(message, "failing loading") {
		at := remoteReference.FindStringSubmatch(message)
		address := "a reference"
		if at != nil {
			address = strconv.Quote(withoutCredentials(at[1]))
		}
		told := "the schema refers to " + address + ": a schema is read from the chart alone, nothing is fetched"
		return &refusal{Code: "remote-refused", Message: told, File: "values.schema.json"}
	}
	return &refusal{Code: "invalid-values", Message: helmRedact(message)}
}
