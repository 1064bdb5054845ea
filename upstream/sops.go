//go:build all

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/config"
	sopsdotenv "github.com/getsops/sops/v3/stores/dotenv"
	sopsini "github.com/getsops/sops/v3/stores/ini"
	sopsjson "github.com/getsops/sops/v3/stores/json"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
)

func init() { operations["sops.decrypt"] = sopsDecrypt }

type sopsInput struct {
	Format string `json:"format"`
	sopsSettings
}

// sopsDecrypt decrypts one whole file, the attachment, and verifies that nobody changed it.
func sopsDecrypt(p *pipe, input json.RawMessage, attachment []byte) (any, error) {
	var asked sopsInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the input of sops.decrypt is malformed"}
	}
	keys, err := newSopsKeys(p, asked.sopsSettings)
	if err != nil {
		return nil, err
	}
	content, err := keys.decrypt(sopsTask{content: attachment, from: asked.Format, to: asked.Format, verify: true})
	if err != nil {
		return nil, err
	}
	return map[string]any{"content": content}, nil
}

// sopsTask is one thing to decrypt: its format, the format of the result, and whether its MAC must fit.
type sopsTask struct {
	content  []byte
	from, to string
	verify   bool
}

const maxEncryptedBytes = 5 << 20

func (k *sopsKeys) decrypt(task sopsTask) (plain []byte, err error) {
	if len(task.content) > maxEncryptedBytes {
		return nil, sopsRefusal(fmt.Sprintf("it has more than the allowed %d MiB", maxEncryptedBytes>>20))
	}
	// Crafted input makes the library panic with its values in the message.
	defer func() {
		if thrown := recover(); thrown != nil {
			plain, err = nil, sopsRefusal(fmt.Sprintf("failed to decrypt %s data: the library fails on it", task.from))
		}
	}()
	if bomb := aliasBomb("the encrypted data", task.content); bomb != nil {
		return nil, &refusal{Code: bomb.Code, Message: bomb.Message}
	}
	from, isKnown := sopsStores[task.from]
	to, isKnownToo := sopsStores[task.to]
	if !isKnown || !isKnownToo {
		return nil, &refusal{Code: "invalid-input", Message: fmt.Sprintf("unknown format %q", task.from)}
	}
	settings := config.NewStoresConfig()
	tree, err := from(settings).LoadEncryptedFile(task.content)
	if err != nil {
		return nil, sopsRefusal(fmt.Sprintf("failed to load encrypted %s data: %s", task.from, loadProblem(err)))
	}
	key, err := k.dataKey(&tree.Metadata)
	if err != nil {
		return nil, err
	}
	mac, err := tree.Decrypt(key, aes.NewCipher())
	if err != nil {
		return nil, sopsRefusal("error decrypting sops tree: " + valueProblem(err))
	}
	if task.verify && !isGenuine(tree.Metadata, key, mac) {
		return nil, sopsRefusal("failed to verify sops data integrity: the MAC does not match the content")
	}
	plain, err = to(settings).EmitPlainFile(tree.Branches)
	if err != nil {
		return nil, sopsRefusal(fmt.Sprintf("failed to emit encrypted %s file as decrypted %s", task.from, task.to))
	}
	return plain, nil
}

func isGenuine(metadata sops.Metadata, key []byte, mac string) bool {
	added := metadata.LastModified.Format(time.RFC3339)
	original, err := aes.NewCipher().Decrypt(metadata.MessageAuthenticationCode, key, added)
	return err == nil && original == mac && mac != ""
}

var sopsStores = map[string]func(*config.StoresConfig) sops.Store{
	"yaml":   func(c *config.StoresConfig) sops.Store { return sopsyaml.NewStore(&c.YAML) },
	"json":   func(c *config.StoresConfig) sops.Store { return sopsjson.NewStore(&c.JSON) },
	"dotenv": func(c *config.StoresConfig) sops.Store { return sopsdotenv.NewStore(&c.Dotenv) },
	"ini":    func(c *config.StoresConfig) sops.Store { return sopsini.NewStore(&c.INI) },
	"binary": func(c *config.StoresConfig) sops.Store { return sopsjson.NewBinaryStore(&c.JSONBinary) },
}

func sopsRefusal(message string) *refusal {
	return &refusal{Code: "decryption", Message: message}
}

// The library's own words may quote a value; only known ones are told.
func loadProblem(err error) string {
	if errors.Is(err, sops.MetadataNotFound) {
		return "it has no sops metadata"
	}
	return "it is malformed"
}

func valueProblem(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "does not match sops' data format"), strings.Contains(text, "Expected encrypted value"):
		return "a value is not encrypted that should be"
	case strings.Contains(text, "message authentication failed"):
		return "a value does not belong to the data key and its place: it was changed or moved"
	}
	return "a value cannot be decrypted"
}
