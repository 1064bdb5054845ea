//go:build all

package main

import (
	"bytes"
	"crypto/rand"
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

// vaultRecipient names a key that nobody here can open.
func vaultRecipient() recipient {
	return recipient{"", func([]byte) (masterKey, error) {
		return &hcvault.MasterKey{
			VaultAddress: "https://vault.example",
			EnginePath:   "transit",
			KeyName:      "shop",
			EncryptedKey: "vault:v1:AAAA",
			CreationDate: time.Now().UTC(),
		}, nil
	}}
}
