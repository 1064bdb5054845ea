//go:build all

package main

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-core-go/testhelper"
)

// signNotation signs by a certificate of an authority of its own, in both forms.
func signNotation(ordered order, made *delivery) error {
	leaf, authority := testhelper.GetECLeafCertificate(), testhelper.GetECRootCertificate()
	made.Certificate = pemOf(authority.Cert)
	signer, err := signature.NewLocalSigner([]*x509.Certificate{leaf.Cert, authority.Cert}, leaf.PrivateKey)
	if err != nil {
		return err
	}
	target := map[string]any{"mediaType": ordered.MediaType, "digest": ordered.Digest, "size": ordered.Size}
	payload, err := json.Marshal(map[string]any{"targetArtifact": target})
	if err != nil {
		return err
	}
	if made.JWS, err = enveloped(jws.MediaTypeEnvelope, signer, payload); err != nil {
		return err
	}
	if made.COSE, err = enveloped(cose.MediaTypeEnvelope, signer, payload); err != nil {
		return err
	}
	chain := testhelper.GetRevokableRSAChain(2)
	made.RevocableCertificate = pemOf(chain[1].Cert)
	certificates := []*x509.Certificate{chain[0].Cert, chain[1].Cert}
	if signer, err = signature.NewLocalSigner(certificates, chain[0].PrivateKey); err != nil {
		return err
	}
	made.Revocable, err = enveloped(jws.MediaTypeEnvelope, signer, payload)
	return err
}

func enveloped(mediaType string, signer signature.Signer, payload []byte) ([]byte, error) {
	envelope, err := signature.NewEnvelope(mediaType)
	if err != nil {
		return nil, err
	}
	return envelope.Sign(&signature.SignRequest{
		Payload:       signature.Payload{ContentType: "application/vnd.cncf.notary.payload.v1+json", Content: payload},
		Signer:        signer,
		SigningTime:   time.Now(),
		SigningScheme: signature.SigningSchemeX509,
	})
}
