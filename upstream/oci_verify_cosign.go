//go:build all

package main

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

const signatureAnnotation = "dev.cosignproject.cosign/signature"

// verifyCosign looks for one signature that holds. Where there are bundles they alone count.
func verifyCosign(artifact signedArtifact) (any, error) {
	if len(artifact.Bundles)+len(artifact.Payloads) == 0 {
		return nil, unverified("it has no signature")
	}
	if len(artifact.TrustedRoot) > 0 {
		return verifyKeyless(artifact)
	}
	problem := "the Secret has no entry that ends in .pub"
	for _, name := range slices.Sorted(maps.Keys(artifact.Keys)) {
		if !strings.HasSuffix(name, ".pub") {
			continue
		}
		key, err := loadPublicKey(name, artifact.Keys[name])
		if err != nil {
			return nil, err
		}
		if problem = artifact.problemWith(key); problem == "" {
			return artifactVerdict{Key: name}, nil
		}
	}
	return nil, unverified(problem)
}

func loadPublicKey(name string, pem []byte) (signature.Verifier, error) {
	public, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err == nil {
		var key signature.Verifier
		if key, err = signature.LoadVerifier(public, crypto.SHA256); err == nil {
			return key, nil
		}
	}
	return nil, unverified(fmt.Sprintf("the entry %q of the Secret is no public key in PEM form", name))
}

// problemWith says why no signature is one by a key; "" when one is.
func (a signedArtifact) problemWith(key signature.Verifier) string {
	if len(a.Bundles) == 0 {
		return a.problemWithPayloads(func(signed signedPayload) error {
			made, err := base64.StdEncoding.DecodeString(signed.Annotations[signatureAnnotation])
			if err != nil {
				return err
			}
			return key.VerifySignature(bytes.NewReader(made), bytes.NewReader(signed.Payload))
		})
	}
	material := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(key, time.Time{}, time.Time{}), nil
	})
	verifier, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
	if err != nil {
		return redact(err.Error())
	}
	return a.problemWithBundles(verifier, verify.WithKey())
}

func (a signedArtifact) problemWithBundles(verifier *verify.Verifier, who ...verify.PolicyOption) string {
	sum, err := a.sum()
	if err != nil {
		return err.Error()
	}
	problem := ""
	for _, text := range a.Bundles {
		var signed bundle.Bundle
		if signed.UnmarshalJSON(text) != nil {
			problem = "its bundle does not parse"
			continue
		}
		_, err := verifier.Verify(&signed, verify.NewPolicy(verify.WithArtifactDigest("sha256", sum), who...))
		if err == nil {
			return ""
		}
		problem = redact(err.Error())
	}
	return problem
}

// problemWithPayloads looks for a payload that holds and that is about this artifact.
func (a signedArtifact) problemWithPayloads(check func(signedPayload) error) string {
	problem := "it has no signature"
	for _, signed := range a.Payloads {
		if err := check(signed); err != nil {
			problem = redact(err.Error())
		} else if digestInPayload(signed.Payload) != a.Digest {
			problem = "its signature is one of another artifact"
		} else {
			return ""
		}
	}
	return problem
}

// digestInPayload is what a payload says that it is about.
func digestInPayload(payload []byte) string {
	var claims struct {
		Critical struct {
			Type  string `json:"type"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Critical.Type != "cosign container image signature" {
		return ""
	}
	return claims.Critical.Image.Digest
}
