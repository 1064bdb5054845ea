//go:build all

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
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
