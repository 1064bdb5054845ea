package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// decrypter turns what is encrypted in the sources into plain text, which stays in memory.
type decrypter interface {
	// file decrypts a file that holds secrets; what is not encrypted stays as it is.
	file(name, format string, content []byte) ([]byte, error)
	// object decrypts an object that was built of encrypted files.
	object(files *tree, object *resource.Resource) error
}

// newDecrypter is set in the program that has the libraries for it.
var newDecrypter func(p *pipe, settings json.RawMessage) (decrypter, error)

func decrypterFor(p *pipe, settings json.RawMessage) (decrypter, error) {
	if len(settings) == 0 || string(settings) == "null" {
		return nil, nil
	}
	if newDecrypter == nil {
		return nil, &refusal{Code: "invalid-input", Message: "this program cannot decrypt"}
	}
	return newDecrypter(p, settings)
}

// decryptMark opts an object out.
const decryptMark = "kustomize.toolkit.fluxcd.io/decrypt"

func staysEncrypted(object *resource.Resource) bool {
	return strings.EqualFold(object.GetAnnotations()[decryptMark], "disabled")
}

func refuseObject(object *resource.Resource, what string, err error) error {
	refused := *asRefusal(err)
	refused.Message = fmt.Sprintf("%s for '%s/%s': %s", what, object.GetGvk(), object.GetName(), refused.Message)
	return &refused
}

// registerEncrypted remembers which files may be encrypted and how: the sources of secret generators, and patches.
// Sources of config map generators stay encrypted, because a ConfigMap is no place for secrets.
func (t *tree) registerEncrypted(file string, parsed *types.Kustomization) {
	if t.decrypter == nil {
		return
	}
	register := func(entry, format string) {
		named := path.Join(path.Dir(file), entry)
		if _, isKnown := t.encrypted[named]; !isKnown {
			t.encrypted[named] = format
		}
	}
	for _, generator := range parsed.SecretGenerator {
		for _, source := range generator.FileSources {
			key, entry, isNamed := strings.Cut(source, "=")
			if !isNamed {
				entry = key
			}
			register(entry, formatOf(key))
		}
		for _, entry := range generator.EnvSources {
			format := formatOf(entry)
			if format == "binary" {
				format = "dotenv"
			}
			register(entry, format)
		}
	}
	for _, patch := range parsed.Patches {
		if patch.Path != "" {
			register(patch.Path, formatOf(patch.Path))
		}
	}
}

// formatOf tells how a file of this name is encrypted.
func formatOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"):
		return "yaml"
	case strings.HasSuffix(name, ".json"), strings.HasSuffix(name, ".dockerconfigjson"):
		return "json"
	case strings.HasSuffix(name, ".env"):
		return "dotenv"
	case strings.HasSuffix(name, ".ini"):
		return "ini"
	}
	return "binary"
}

// What encrypted content of each format contains.
var encryptionMarks = map[string][]byte{
	"binary": []byte(`"mac": "ENC[`),
	"dotenv": []byte("sops_mac=ENC["),
	"ini":    []byte("[sops]"),
	"json":   []byte(`"mac": "ENC[`),
	"yaml":   []byte("mac: ENC["),
}

func isEncrypted(format string, content []byte) bool {
	return bytes.Contains(content, encryptionMarks[format])
}

// plain gives the content as the libraries shall see it. It throws, because they take an error for absence.
func (t *tree) plain(relative string, node *treeNode) []byte {
	format, mayBeEncrypted := t.encrypted[relative]
	if !mayBeEncrypted || !isEncrypted(format, node.content) {
		return node.content
	}
	if node.plain == nil {
		plain, err := t.decrypter.file(relative, format, node.content)
		if err != nil {
			refused := *asRefusal(err)
			refused.Message = fmt.Sprintf("error decrypting sources: %s", refused.Message)
			refused.File = relative
			panic(&refused)
		}
		refuseAliasBomb(relative, plain)
		node.plain = plain
	}
	return node.plain
}

const shortestSecret = 4

// hidePlain replaces a message that repeats a word which only a decrypted file holds.
func (t *tree) hidePlain(refused *refusal) *refusal {
	for _, file := range slices.Sorted(maps.Keys(t.known)) {
		node := t.known[file]
		if node.plain == nil {
			continue
		}
		isNoWord := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
		for word := range bytes.FieldsFuncSeq(node.plain, isNoWord) {
			if len(word) < shortestSecret || bytes.Contains(node.content, word) || !strings.Contains(refused.Message, string(word)) {
				continue
			}
			return &refusal{Code: refused.Code, Message: "the build fails on what was decrypted, and its message would quote that", File: file}
		}
	}
	return refused
}
