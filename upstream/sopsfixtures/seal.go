//go:build all

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/azkv"
	"github.com/getsops/sops/v3/gcpkms"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"
	"github.com/getsops/sops/v3/pgp"
)

type masterKey = keys.MasterKey

func randomKey() ([]byte, error) {
	key := make([]byte, 32)
	_, err := rand.Read(key)
	return key, err
}

func ageRecipient(secret, public string) recipient {
	return recipient{secret, func(share []byte) (masterKey, error) {
		key, err := age.MasterKeyFromRecipient(public)
		if err != nil {
			return nil, err
		}
		return key, key.Encrypt(share)
	}}
}

func sealPGP(to openpgp.EntityList, fingerprint string, share []byte) (masterKey, error) {
	var text bytes.Buffer
	armored, err := armor.Encode(&text, "PGP MESSAGE", nil)
	if err != nil {
		return nil, err
	}
	writer, err := openpgp.Encrypt(armored, to, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(share); err != nil {
		return nil, err
	}
	writer.Close()
	armored.Close()
	return &pgp.MasterKey{Fingerprint: fingerprint, EncryptedKey: text.String(), CreationDate: time.Now().UTC()}, nil
}

// vaultRecipient names a key of a server that only pretends to wrap.
func vaultRecipient(address string) recipient {
	return recipient{"", func(share []byte) (masterKey, error) {
		return &hcvault.MasterKey{
			VaultAddress: address,
			EnginePath:   "transit",
			KeyName:      "shop",
			EncryptedKey: "vault:v1:" + base64.StdEncoding.EncodeToString(share),
			CreationDate: time.Now().UTC(),
		}, nil
	}}
}

// cloudRecipient names a key of a service that wraps by an RSA key.
func cloudRecipient(kind, public string) (recipient, error) {
	content, err := base64.StdEncoding.DecodeString(public)
	if err != nil {
		return recipient{}, err
	}
	parsed, err := x509.ParsePKIXPublicKey(content)
	if err != nil {
		return recipient{}, err
	}
	return recipient{"", func(share []byte) (masterKey, error) {
		wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, parsed.(*rsa.PublicKey), share, nil)
		return cloudKey(kind, wrapped), err
	}}, nil
}

func cloudKey(kind string, wrapped []byte) masterKey {
	text, now := base64.StdEncoding.EncodeToString(wrapped), time.Now().UTC()
	switch kind {
	case "aws":
		tenant := "shop"
		return &kms.MasterKey{
			Arn:               "arn:aws:kms:eu-central-1:123456789012:key/shop",
			Role:              "arn:aws:iam::123456789012:role/shop",
			EncryptionContext: map[string]*string{"tenant": &tenant},
			AwsProfile:        "of-a-person",
			EncryptedKey:      text,
			CreationDate:      now,
		}
	case "gcp":
		name := "projects/shop/locations/global/keyRings/ring/cryptoKeys/shop"
		return &gcpkms.MasterKey{ResourceID: name, EncryptedKey: text, CreationDate: now}
	}
	return &azkv.MasterKey{
		VaultURL:     "https://shop.vault.azure.net",
		Name:         "shop",
		Version:      "0123456789abcdef0123456789abcdef",
		EncryptedKey: base64.RawURLEncoding.EncodeToString(wrapped),
		CreationDate: now,
	}
}
