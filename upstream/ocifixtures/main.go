//go:build all

// Command ocifixtures signs an artifact as keyless signers and notation do, for tests: it answers one JSON order.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log"
	"os"
)

type order struct {
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	// Subject and Issuer are those of the keyless signer.
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
}

type delivery struct {
	// TrustedRoot is that of the authorities and logs below, and Stranger is another one.
	TrustedRoot json.RawMessage `json:"trustedRoot"`
	Stranger    json.RawMessage `json:"stranger"`
	Bundle      json.RawMessage `json:"bundle"`
	Payload     []byte          `json:"payload"`
	// Annotations prove the payload.
	Annotations map[string]string `json:"annotations"`
	// Certificate is the authority of the envelopes.
	Certificate string `json:"certificate"`
	JWS         []byte `json:"jws"`
	COSE        []byte `json:"cose"`
	// Revocable is made by a certificate that names a server which knows whether it was revoked.
	Revocable            []byte `json:"revocable"`
	RevocableCertificate string `json:"revocableCertificate"`
}

func main() {
	log.SetFlags(0)
	var ordered order
	must(json.NewDecoder(os.Stdin).Decode(&ordered))
	var made delivery
	must(signKeyless(ordered, &made))
	must(signNotation(ordered, &made))
	must(json.NewEncoder(os.Stdout).Encode(made))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func pemOf(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}
