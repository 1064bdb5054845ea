//go:build all

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/keyservice"
	"google.golang.org/grpc"
)

// sopsSettings holds the entries of a Secret, whose names tell what they are.
type sopsSettings struct {
	Keys map[string][]byte `json:"keys"`
}

// sopsKeys opens data keys by private keys in memory. It is what the library calls a key service.
type sopsKeys struct {
	age age.ParsedIdentities
	pgp openpgp.EntityList
	// pipe reaches the parent, which may use the network.
	pipe *pipe
	// opened remembers data keys by what they were opened from.
	opened map[[sha256.Size]byte][]byte
	// failures tell why the last data key could not be opened.
	failures []string
}

func newSopsKeys(p *pipe, settings sopsSettings) (*sopsKeys, error) {
	keys := &sopsKeys{pipe: p, opened: map[[sha256.Size]byte][]byte{}}
	for _, name := range slices.Sorted(maps.Keys(settings.Keys)) {
		value := settings.Keys[name]
		var problem string
		switch path.Ext(name) {
		case ".agekey":
			problem = keys.addAge(string(value))
		case ".asc":
			problem = keys.addPGP(value)
		}
		if problem != "" {
			return nil, sopsRefusal(fmt.Sprintf("failed to import '%s' data from the sops decryption Secret: %s", name, problem))
		}
	}
	return keys, nil
}

func (k *sopsKeys) addAge(text string) string {
	// The library would start a program of that name.
	if strings.Contains(text, "AGE-PLUGIN-") {
		return "identities of age plugins are not supported"
	}
	if k.age.Import(text) != nil {
		return "it does not hold age identities, one on each line"
	}
	return ""
}

func (k *sopsKeys) addPGP(content []byte) string {
	found, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(content))
	if err != nil {
		found, err = openpgp.ReadKeyRing(bytes.NewReader(content))
	}
	if err != nil || len(found) == 0 {
		return "it does not hold a PGP private key"
	}
	k.pgp = append(k.pgp, found...)
	return ""
}

// dataKey opens the key of one file, of which several key groups may each hold a share.
func (k *sopsKeys) dataKey(metadata *sops.Metadata) ([]byte, error) {
	k.failures = nil
	key, err := metadata.GetDataKeyWithKeyServices([]keyservice.KeyServiceClient{k}, sops.DefaultDecryptionOrder)
	if err == nil {
		return key, nil
	}
	message := "cannot get sops data key: "
	if metadata.ShamirThreshold > 0 && len(metadata.KeyGroups) > 1 {
		message += fmt.Sprintf("%d of %d key groups are needed; ", metadata.ShamirThreshold, len(metadata.KeyGroups))
	}
	if len(k.failures) == 0 {
		return nil, sopsRefusal(message + "the metadata is malformed")
	}
	return nil, sopsRefusal(message + strings.Join(k.failures, "; "))
}

// Decrypt opens what one key holds.
func (k *sopsKeys) Decrypt(_ context.Context, asked *keyservice.DecryptRequest, _ ...grpc.CallOption) (*keyservice.DecryptResponse, error) {
	digest := sha256.Sum256(fmt.Appendf(nil, "%T\n%s", asked.Key.KeyType, asked.Ciphertext))
	if known, isKnown := k.opened[digest]; isKnown {
		return &keyservice.DecryptResponse{Plaintext: known}, nil
	}
	opened, problem := k.open(asked.Key, asked.Ciphertext)
	if problem != "" {
		k.failures = append(k.failures, problem)
		return nil, errors.New(problem)
	}
	k.opened[digest] = opened
	return &keyservice.DecryptResponse{Plaintext: opened}, nil
}

// Encrypt is part of the interface; nothing here encrypts.
func (k *sopsKeys) Encrypt(context.Context, *keyservice.EncryptRequest, ...grpc.CallOption) (*keyservice.EncryptResponse, error) {
	return nil, errors.New("encryption is not offered")
}

func (k *sopsKeys) open(key *keyservice.Key, content []byte) ([]byte, string) {
	switch of := key.KeyType.(type) {
	case *keyservice.Key_AgeKey:
		return k.openAge(of.AgeKey.Recipient, content)
	case *keyservice.Key_PgpKey:
		return k.openPGP(of.PgpKey.Fingerprint, content)
	case *keyservice.Key_VaultKey:
		key := of.VaultKey
		return k.askParent("Vault key "+key.VaultAddress+"/v1/"+key.EnginePath+"/keys/"+key.KeyName, map[string]any{
			"service": "vault", "address": key.VaultAddress, "engine": key.EnginePath, "name": key.KeyName,
		}, content)
	case *keyservice.Key_KmsKey:
		key := of.KmsKey
		return k.askParent("AWS KMS key "+key.Arn, map[string]any{
			"service": "aws", "arn": key.Arn, "role": key.Role, "context": key.Context,
		}, content)
	case *keyservice.Key_GcpKmsKey:
		name := of.GcpKmsKey.ResourceId
		return k.askParent("GCP KMS key "+name, map[string]any{"service": "gcp", "name": name}, content)
	case *keyservice.Key_AzureKeyvaultKey:
		key := of.AzureKeyvaultKey
		return k.askParent("Azure Key Vault key "+key.VaultUrl+"/keys/"+key.Name, map[string]any{
			"service": "azure", "vault": key.VaultUrl, "name": key.Name, "version": key.Version,
		}, content)
	case *keyservice.Key_HckmsKey:
		return nil, fmt.Sprintf("HuaweiCloud KMS key %s: keys of this service are not supported yet", of.HckmsKey.KeyId)
	}
	return nil, "a key of an unknown type"
}

// askParent lets the parent, which may use the network, talk to the service that holds a key.
func (k *sopsKeys) askParent(name string, key map[string]any, content []byte) ([]byte, string) {
	var reply struct {
		Problem string `json:"problem"`
	}
	key["ciphertext"] = string(content)
	opened := k.pipe.ask(question{Ask: "sops.datakey", Key: key}, &reply)
	if reply.Problem != "" {
		return nil, fmt.Sprintf("%s: %s", name, reply.Problem)
	}
	return opened, ""
}

func (k *sopsKeys) openAge(recipient string, content []byte) ([]byte, string) {
	name := "age recipient " + recipient
	// Without identities the library would look for some on this machine.
	if len(k.age) == 0 {
		return nil, name + ": the decryption Secret holds no age identity"
	}
	key := &age.MasterKey{Recipient: recipient, EncryptedKey: string(content)}
	k.age.ApplyToMasterKey(key)
	opened, err := key.Decrypt()
	if err != nil {
		return nil, name + ": none of the age identities opens it"
	}
	return opened, ""
}

const maxDataKeyBytes = 4096

func (k *sopsKeys) openPGP(fingerprint string, content []byte) ([]byte, string) {
	name := "PGP key " + fingerprint
	if len(k.pgp) == 0 {
		return nil, name + ": the decryption Secret holds no PGP private key"
	}
	block, err := armor.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, name + ": what it holds is malformed"
	}
	message, err := openpgp.ReadMessage(block.Body, k.pgp, nil, nil)
	if err != nil {
		return nil, name + ": none of the PGP private keys opens it" + k.lockedPGP()
	}
	opened, err := io.ReadAll(io.LimitReader(message.UnverifiedBody, maxDataKeyBytes))
	if err != nil {
		return nil, name + ": what it holds is malformed"
	}
	return opened, ""
}

// lockedPGP explains a failure that a passphrase causes.
func (k *sopsKeys) lockedPGP() string {
	for _, entity := range k.pgp {
		if entity.PrivateKey != nil && entity.PrivateKey.Encrypted {
			return ", and a private key with a passphrase cannot be used"
		}
	}
	return ""
}
