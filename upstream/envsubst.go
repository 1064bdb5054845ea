package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

func init() { operations["envsubst.eval"] = envsubstEval }

// substitution replaces variables in what was built.
type substitution struct {
	Vars map[string]string `json:"vars"`
	// Strategy "always" works on the objects even when there are no variables, for the sake of defaults.
	Strategy string `json:"strategy"`
	// Strict makes a variable without value and without default an error.
	Strict bool `json:"strict"`
}

const (
	substituteMark     = "kustomize.toolkit.fluxcd.io/substitute"
	substituteDisabled = "disabled"
	variablePattern    = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
)

var variableName = regexp.MustCompile(variablePattern)

func (s *substitution) lookup(name string) (string, bool) {
	value, isSet := s.Vars[name]
	return value, isSet || !s.Strict
}

// prepare makes the values what they are for objects: without line ends, so that none changes the structure.
func (s *substitution) prepare() {
	for name, value := range s.Vars {
		s.Vars[name] = strings.ReplaceAll(value, "\n", "")
	}
}

// apply replaces the variables in one object, whose values get the types that the resulting text says.
func (s *substitution) apply(files *tree, object *resource.Resource) error {
	if s == nil || (len(s.Vars) == 0 && s.Strategy != "always") {
		return nil
	}
	if object.GetLabels()[substituteMark] == substituteDisabled || object.GetAnnotations()[substituteMark] == substituteDisabled {
		return nil
	}
	text, err := object.AsYAML()
	if err != nil {
		return err
	}
	if err := refuseManyVariables(text); err != nil {
		return err
	}
	failing := &failedSubstitution{files: files, object: object, text: string(text), substitution: s}
	if name, isInvalid := s.invalidName(); isInvalid {
		return failing.refuse("'%s' var name is invalid, must match '%s'", name, variablePattern)
	}
	replaced, err := envsubst.Eval(string(text), s.lookup)
	if err != nil {
		return failing.explain(err)
	}
	if bomb := aliasBomb(failing.name(), []byte(replaced)); bomb != nil {
		return &refusal{Code: bomb.Code, Message: bomb.Message}
	}
	result, err := yaml.YAMLToJSON([]byte(replaced))
	if err != nil {
		return failing.explainYAML()
	}
	if !isIdentified(result) || object.UnmarshalJSON(result) != nil {
		return failing.refuse("without a text as apiVersion, kind and metadata.name, the result is no Kubernetes object")
	}
	return nil
}

// maxVariables keeps the library's recursion, one level for each variable, far below the end of the stack.
const maxVariables = 50_000

func refuseManyVariables(text []byte) error {
	if bytes.Count(text, []byte("$")) <= maxVariables {
		return nil
	}
	message := fmt.Sprintf("one text holds more than %d dollar signs: mark the object with %s: %s", maxVariables, substituteMark, substituteDisabled)
	return &refusal{Code: "too-large", Message: message}
}

func (s *substitution) invalidName() (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(s.Vars)) {
		if !variableName.MatchString(name) {
			return name, true
		}
	}
	return "", false
}

func isIdentified(text []byte) bool {
	var object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	isReadable := json.Unmarshal(text, &object) == nil
	return isReadable && object.APIVersion != "" && object.Kind != "" && object.Metadata.Name != ""
}

// envsubstEval replaces variables in a text of any kind: the attachment.
func envsubstEval(_ *pipe, input json.RawMessage, attachment []byte) (any, error) {
	var asked substitution
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	if err := refuseManyVariables(attachment); err != nil {
		return nil, err
	}
	text, err := envsubst.Eval(string(attachment), asked.lookup)
	if err == nil {
		return map[string]any{"text": text}, nil
	}
	refused := &refusal{Code: "substitution", Message: err.Error()}
	for i, line := range strings.Split(string(attachment), "\n") {
		if _, failure := envsubst.Eval(line, asked.lookup); failure != nil && failure.Error() == err.Error() {
			refused.Line = i + 1
			break
		}
	}
	return nil, refused
}

// failedSubstitution tells where in the sources the trouble is, and never a value.
type failedSubstitution struct {
	files        *tree
	object       *resource.Resource
	text         string
	substitution *substitution
}

func (f *failedSubstitution) name() string {
	return fmt.Sprintf("%s/%s", f.object.GetGvk(), f.object.GetName())
}

func (f *failedSubstitution) refuse(format string, values ...any) *refusal {
	message := fmt.Sprintf("post build failed for '%s': envsubst error: ", f.name()) + fmt.Sprintf(format, values...)
	return &refusal{Code: "substitution", Message: message}
}

var unsetVariable = regexp.MustCompile(`^variable not set \(strict mode\): "(\w+)"$`)

func (f *failedSubstitution) explain(err error) error {
	refused := f.refuse("variable substitution failed: %s", err)
	if unset := unsetVariable.FindStringSubmatch(err.Error()); unset != nil {
		f.locate(refused, mention(unset[1]))
		return refused
	}
	for _, leaf := range leavesOf(f.object) {
		if broken := brokenExpression(leaf.text); broken != "" {
			f.locate(refused, regexp.MustCompile(regexp.QuoteMeta(broken)))
			break
		}
	}
	return refused
}

// mention matches where a variable stands in a text.
func mention(variable string) *regexp.Regexp {
	return regexp.MustCompile(`\$\{#?` + variable + `\b`)
}

// brokenExpression is the piece of a line, from the `${` that cannot be read.
func brokenExpression(text string) string {
	if _, err := envsubst.Parse(text); err == nil {
		return ""
	}
	for _, line := range strings.Split(text, "\n") {
		for at := strings.LastIndex(line, "${"); at >= 0; at = strings.LastIndex(line[:at], "${") {
			if _, err := envsubst.Parse(line[at:]); err != nil {
				return line[at:]
			}
		}
	}
	return ""
}

const maxTriedLines = 500

var anyVariable = regexp.MustCompile(`\$\{#?([_[:alpha:]][_[:alpha:][:digit:]]*)`)

// explainYAML finds the line that no longer is YAML by replacing the variables of one line at a time. The parser's
// own words may quote a value.
func (f *failedSubstitution) explainYAML() error {
	lines := strings.Split(f.text, "\n")
	tried := 0
	for i, line := range lines {
		found := anyVariable.FindAllStringSubmatch(line, -1)
		if len(found) == 0 {
			continue
		}
		if tried++; tried > maxTriedLines {
			break
		}
		replaced, err := envsubst.Eval(line, f.substitution.lookup)
		if err != nil {
			continue
		}
		changed := slices.Clone(lines)
		changed[i] = replaced
		if _, err := yaml.YAMLToJSON([]byte(strings.Join(changed, "\n"))); err == nil {
			continue
		}
		refused := f.refuse("YAMLToJSON: the value of %s makes the object invalid YAML", found[0][1])
		f.locate(refused, mention(found[0][1]))
		return refused
	}
	return f.refuse("YAMLToJSON: the values make the object invalid YAML")
}
