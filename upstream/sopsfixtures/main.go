//go:build all

// Command sopsfixtures makes keys and encrypts files with them, for tests: it answers one JSON order.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/shamir"
	sopsdotenv "github.com/getsops/sops/v3/stores/dotenv"
	sopsini "github.com/getsops/sops/v3/stores/ini"
	sopsjson "github.com/getsops/sops/v3/stores/json"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
)

type order struct {
	// Keys names the keys to make and their kind: age, age-pq, pgp, pgp-locked, vault and its address, or
	// aws, gcp or azure and the public key, in base64, that their service wraps with.
	Keys  map[string]string `json:"keys"`
	Files map[string]file   `json:"files"`
}

type file struct {
	Format string `json:"format"`
	Text   string `json:"text"`
	// Groups of key names; each group can open its share.
	Groups           [][]string `json:"groups"`
	Threshold        int        `json:"threshold"`
	EncryptedRegex   string     `json:"encryptedRegex"`
	MACOnlyEncrypted bool       `json:"macOnlyEncrypted"`
}

type delivery struct {
	Keys  map[string]string `json:"keys"`
	Files map[string]string `json:"files"`
}

func main() {
	log.SetFlags(0)
	var asked order
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	made := delivery{Keys: map[string]string{}, Files: map[string]string{}}
	keys := map[string]recipient{}
	for name, kind := range asked.Keys {
		key, err := newRecipient(kind)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		keys[name], made.Keys[name] = key, key.secret
	}
	for name, wanted := range asked.Files {
		text, err := encrypt(wanted, keys)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		made.Files[name] = text
	}
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		log.Fatal(err)
	}
}

// recipient is a key pair; seal gives the metadata of a share that only the private key opens.
type recipient struct {
	secret string
	seal   func(share []byte) (masterKey, error)
}

func newRecipient(kind string) (recipient, error) {
	kind, address, _ := strings.Cut(kind, " ")
	switch kind {
	case "age":
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			return recipient{}, err
		}
		return ageRecipient(identity.String(), identity.Recipient().String()), nil
	case "age-pq":
		identity, err := age.GenerateHybridIdentity()
		if err != nil {
			return recipient{}, err
		}
		return ageRecipient(identity.String(), identity.Recipient().String()), nil
	case "pgp", "pgp-locked":
		return pgpRecipient(kind == "pgp-locked")
	case "vault":
		return vaultRecipient(address), nil
	case "aws", "gcp", "azure":
		return cloudRecipient(kind, address)
	}
	return recipient{}, fmt.Errorf("unknown kind %q", kind)
}

func pgpRecipient(isLocked bool) (recipient, error) {
	entity, err := openpgp.NewEntity("Test", "", "test@example.com", nil)
	if err != nil {
		return recipient{}, err
	}
	fingerprint := strings.ToUpper(fmt.Sprintf("%x", entity.PrimaryKey.Fingerprint))
	public := openpgp.EntityList{entity}
	var text bytes.Buffer
	writer, err := armor.Encode(&text, openpgp.PrivateKeyType, nil)
	if err != nil {
		return recipient{}, err
	}
	if isLocked {
		err = entity.EncryptPrivateKeys([]byte("passphrase"), nil)
	}
	if err == nil {
		err = entity.SerializePrivateWithoutSigning(writer, nil)
	}
	if err != nil {
		return recipient{}, err
	}
	writer.Close()
	return recipient{text.String(), func(share []byte) (masterKey, error) { return sealPGP(public, fingerprint, share) }}, nil
}

func encrypt(wanted file, keys map[string]recipient) (string, error) {
	store, err := storeOf(wanted.Format)
	if err != nil {
		return "", err
	}
	branches, err := store.LoadPlainFile([]byte(wanted.Text))
	if err != nil {
		return "", err
	}
	tree := sops.Tree{Branches: branches, Metadata: sops.Metadata{
		Version:          "3.13.3",
		LastModified:     time.Now().UTC().Truncate(time.Second),
		EncryptedRegex:   wanted.EncryptedRegex,
		MACOnlyEncrypted: wanted.MACOnlyEncrypted,
		ShamirThreshold:  wanted.Threshold,
	}}
	dataKey, err := randomKey()
	if err != nil {
		return "", err
	}
	shares := [][]byte{dataKey}
	if len(wanted.Groups) > 1 {
		if shares, err = shamir.Split(dataKey, len(wanted.Groups), wanted.Threshold); err != nil {
			return "", err
		}
	}
	for i, names := range wanted.Groups {
		var group sops.KeyGroup
		for _, name := range names {
			key, err := keys[name].seal(shares[i])
			if err != nil {
				return "", err
			}
			group = append(group, key)
		}
		tree.Metadata.KeyGroups = append(tree.Metadata.KeyGroups, group)
	}
	mac, err := tree.Encrypt(dataKey, aes.NewCipher())
	if err != nil {
		return "", err
	}
	tree.Metadata.MessageAuthenticationCode, err = aes.NewCipher().Encrypt(mac, dataKey, tree.Metadata.LastModified.Format(time.RFC3339))
	if err != nil {
		return "", err
	}
	text, err := store.EmitEncryptedFile(tree)
	return string(text), err
}

func storeOf(format string) (sops.Store, error) {
	settings := config.NewStoresConfig()
	switch format {
	case "yaml":
		return sopsyaml.NewStore(&settings.YAML), nil
	case "json":
		return sopsjson.NewStore(&settings.JSON), nil
	case "dotenv":
		return sopsdotenv.NewStore(&settings.Dotenv), nil
	case "ini":
		return sopsini.NewStore(&settings.INI), nil
	case "binary":
		return sopsjson.NewBinaryStore(&settings.JSONBinary), nil
	}
	return nil, fmt.Errorf("unknown format %q", format)
}
