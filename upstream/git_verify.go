//go:build all

package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"golang.org/x/crypto/ssh"
)

func init() { operations["git.verify"] = gitVerify }

// signedObject is a Git object's signature, and the keys that may have made it: entries of a Secret.
type signedObject struct {
	Signature string            `json:"signature"`
	Keys      map[string][]byte `json:"keys"`
}

// verifiedBy names the key that made a signature.
type verifiedBy struct {
	Key string `json:"key"`
}

// gitVerify checks the signature of the attached bytes, PGP or SSH, as Git makes both.
func gitVerify(_ *pipe, input json.RawMessage, payload []byte) (any, error) {
	var object signedObject
	if err := json.Unmarshal(input, &object); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the signature does not parse"}
	}
	armored := strings.TrimSpace(object.Signature)
	switch {
	case strings.HasPrefix(armored, "-----BEGIN PGP SIGNATURE-----"):
		return verifyPGP(object, payload)
	case strings.HasPrefix(armored, "-----BEGIN SSH SIGNATURE-----"):
		return verifySSH([]byte(armored), object.Keys, payload)
	}
	return nil, unverified("its signature is neither PGP nor SSH")
}

func unverified(message string) error { return &refusal{Code: "unverified", Message: message} }

func verifyPGP(object signedObject, payload []byte) (any, error) {
	problem := "the Secret holds no PGP public key"
	for _, name := range slices.Sorted(maps.Keys(object.Keys)) {
		ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(object.Keys[name]))
		if err != nil {
			continue
		}
		signer, err := openpgp.CheckArmoredDetachedSignature(ring, bytes.NewReader(payload), strings.NewReader(object.Signature), nil)
		if err == nil && signer != nil {
			return verifiedBy{Key: fmt.Sprintf("%016X", signer.PrimaryKey.KeyId)}, nil
		}
		problem = "no PGP public key of the Secret made this signature"
	}
	return nil, unverified(problem)
}

const (
	sshMagic     = "SSHSIG"
	sshNamespace = "git"
)

// sshSignature is what stands in an SSH signature after its magic word.
type sshSignature struct {
	Version       uint32
	PublicKey     []byte
	Namespace     string
	Reserved      string
	HashAlgorithm string
	Signature     []byte
}

// sshMessage is what the key signs, after the magic word.
type sshMessage struct {
	Namespace     string
	Reserved      string
	HashAlgorithm string
	Hash          []byte
}

func verifySSH(armored []byte, keys map[string][]byte, payload []byte) (any, error) {
	block, _ := pem.Decode(armored)
	if block == nil || !bytes.HasPrefix(block.Bytes, []byte(sshMagic)) {
		return nil, unverified("its SSH signature does not parse")
	}
	var envelope sshSignature
	var signature ssh.Signature
	if ssh.Unmarshal(block.Bytes[len(sshMagic):], &envelope) != nil || ssh.Unmarshal(envelope.Signature, &signature) != nil {
		return nil, unverified("its SSH signature does not parse")
	}
	if envelope.Version != 1 || envelope.Namespace != sshNamespace {
		return nil, unverified("its SSH signature is not made for Git")
	}
	if signature.Format == ssh.KeyAlgoRSA || signature.Format == ssh.InsecureKeyAlgoDSA {
		return nil, unverified("its SSH signature uses a hash that is not safe")
	}
	hash := hashOf(envelope.HashAlgorithm, payload)
	if hash == nil {
		return nil, unverified("its SSH signature uses an unknown hash")
	}
	key := trustedKey(keys, envelope.PublicKey)
	if key == nil {
		return nil, unverified("no SSH public key of the Secret made this signature")
	}
	message := ssh.Marshal(sshMessage{envelope.Namespace, envelope.Reserved, envelope.HashAlgorithm, hash})
	if key.Verify(append([]byte(sshMagic), message...), &signature) != nil {
		return nil, unverified("its SSH signature is not that of the content")
	}
	return verifiedBy{Key: ssh.FingerprintSHA256(key)}, nil
}

func hashOf(algorithm string, payload []byte) []byte {
	switch algorithm {
	case "sha256":
		sum := sha256.Sum256(payload)
		return sum[:]
	case "sha512":
		sum := sha512.Sum512(payload)
		return sum[:]
	}
	return nil
}

// trustedKey finds a key among those that the entries list, one on each line. Options would restrict what a key is good
// for, so a line with options counts for nothing.
func trustedKey(keys map[string][]byte, wanted []byte) ssh.PublicKey {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		for line := range bytes.Lines(keys[name]) {
			key, _, options, _, err := ssh.ParseAuthorizedKey(line)
			if err == nil && len(options) == 0 && bytes.Equal(key.Marshal(), wanted) {
				return key
			}
		}
	}
	return nil
}
