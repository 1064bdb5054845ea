//go:build all

package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

func init() { operations["oci.verify"] = ociVerify }

// signedArtifact is an artifact, what is kept of its signatures in the registry, and whom to trust.
type signedArtifact struct {
	Provider string `json:"provider"`
	// Repository is the registry and the repository in it.
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
	MediaType  string `json:"mediaType"`
	Size       int64  `json:"size"`
	// Keys are the entries of a Secret; without one, Identities must have signed by the rules of TrustedRoot.
	Keys        map[string][]byte `json:"keys"`
	Identities  []signerIdentity  `json:"identities"`
	TrustedRoot []byte            `json:"trustedRoot"`
	// Bundles are signatures with all that proves them.
	Bundles [][]byte `json:"bundles"`
	// Payloads are signatures of old: a text that names the artifact, and annotations.
	Payloads []signedPayload `json:"payloads"`
	// Envelopes are signatures of notation.
	Envelopes []signatureEnvelope `json:"envelopes"`
}

// signerIdentity is a pair of regular expressions.
type signerIdentity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

type signedPayload struct {
	Payload     []byte            `json:"payload"`
	Annotations map[string]string `json:"annotations"`
}

type signatureEnvelope struct {
	MediaType string `json:"mediaType"`
	Content   []byte `json:"content"`
}

// artifactVerdict names who signed an artifact, or says that nobody needs to have.
type artifactVerdict struct {
	Key     string `json:"key"`
	Ignored bool   `json:"ignored,omitempty"`
}

// ociVerify says who signed an artifact of a registry.
func ociVerify(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var artifact signedArtifact
	if err := json.Unmarshal(input, &artifact); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the signatures do not parse"}
	}
	if _, err := artifact.sum(); err != nil {
		return nil, err
	}
	switch artifact.Provider {
	case "cosign":
		return verifyCosign(artifact)
	case "notation":
		return verifyNotation(artifact)
	}
	return nil, &refusal{Code: "invalid-input", Message: fmt.Sprintf("unknown provider %q", artifact.Provider)}
}

// sum is the artifact's digest in bytes.
func (a signedArtifact) sum() ([]byte, error) {
	sum, err := hex.DecodeString(strings.TrimPrefix(a.Digest, "sha256:"))
	if err != nil || len(sum) != 32 {
		return nil, &refusal{Code: "invalid-input", Message: "the digest of the artifact does not parse"}
	}
	return sum, nil
}
