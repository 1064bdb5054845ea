//go:build all

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

const (
	certificateAnnotation = "dev.sigstore.cosign/certificate"
	logAnnotation         = "dev.sigstore.cosign/bundle"
)

// verifyKeyless looks for a signature that one of the identities made, by certificates and logs of the trusted root.
func verifyKeyless(artifact signedArtifact) (any, error) {
	trusted, err := root.NewTrustedRootFromJSON(artifact.TrustedRoot)
	if err != nil {
		return nil, unverified("the trusted root does not parse")
	}
	identities, err := policiesOf(artifact.Identities)
	if err != nil {
		return nil, err
	}
	verifier, err := verify.NewVerifier(trusted, demandsOf(trusted)...)
	if err != nil {
		return nil, unverified(redact(err.Error()))
	}
	var problem string
	if len(artifact.Bundles) > 0 {
		problem = artifact.problemWithBundles(verifier, identities...)
	} else {
		problem = artifact.problemWithPayloads(func(signed signedPayload) error {
			made, err := bundleOf(signed)
			if err != nil {
				return err
			}
			about := verify.WithArtifact(bytes.NewReader(signed.Payload))
			_, err = verifier.Verify(made, verify.NewPolicy(about, identities...))
			return err
		})
	}
	if problem != "" {
		return nil, unverified(problem)
	}
	return artifactVerdict{Key: "keyless"}, nil
}

// demandsOf asks for every kind of proof that the trusted root can check; a time is always needed, since certificates are
// short-lived.
func demandsOf(trusted *root.TrustedRoot) []verify.VerifierOption {
	demands := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(trusted.RekorLogs()) > 0 {
		demands = append(demands, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 {
		demands = append(demands, verify.WithSignedCertificateTimestamps(1))
	}
	return demands
}

func policiesOf(identities []signerIdentity) ([]verify.PolicyOption, error) {
	if len(identities) == 0 {
		return nil, unverified("nobody is named who may have signed")
	}
	var policies []verify.PolicyOption
	for _, wanted := range identities {
		identity, err := verify.NewShortCertificateIdentity("", wanted.Issuer, "", wanted.Subject)
		if err != nil {
			return nil, unverified(fmt.Sprintf("an identity does not parse: %s", redact(err.Error())))
		}
		policies = append(policies, verify.WithCertificateIdentity(identity))
	}
	return policies, nil
}

// loggedEntry is what a log answered when a signature of old was entered into it.
type loggedEntry struct {
	SignedEntryTimestamp []byte
	Payload              struct {
		Body           string `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogIndex       int64  `json:"logIndex"`
		LogID          string `json:"logID"`
	}
}

// bundleOf puts a signature of old and what its annotations prove of it into one bundle.
func bundleOf(signed signedPayload) (*bundle.Bundle, error) {
	made, err := base64.StdEncoding.DecodeString(signed.Annotations[signatureAnnotation])
	if err != nil {
		return nil, errors.New("its signature does not parse")
	}
	certificate, _ := pem.Decode([]byte(signed.Annotations[certificateAnnotation]))
	if certificate == nil {
		return nil, errors.New("its signature has no certificate")
	}
	entry, err := entryOf(signed.Annotations[logAnnotation])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(signed.Payload)
	mediaType, err := bundle.MediaTypeString("0.1")
	if err != nil {
		return nil, err
	}
	chain := &protocommon.X509CertificateChain{Certificates: []*protocommon.X509Certificate{{RawBytes: certificate.Bytes}}}
	return bundle.NewBundle(&protobundle.Bundle{
		MediaType: mediaType,
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content:     &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: chain},
			TlogEntries: []*protorekor.TransparencyLogEntry{entry},
		},
		Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum[:]},
			Signature:     made,
		}},
	})
}

func entryOf(annotation string) (*protorekor.TransparencyLogEntry, error) {
	var logged loggedEntry
	if json.Unmarshal([]byte(annotation), &logged) != nil {
		return nil, errors.New("its signature was entered into no log")
	}
	body, err := base64.StdEncoding.DecodeString(logged.Payload.Body)
	if err != nil {
		return nil, errors.New("its entry in the log does not parse")
	}
	log, err := hex.DecodeString(logged.Payload.LogID)
	if err != nil {
		return nil, errors.New("its entry in the log does not parse")
	}
	var kind struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if json.Unmarshal(body, &kind) != nil {
		return nil, errors.New("its entry in the log does not parse")
	}
	return &protorekor.TransparencyLogEntry{
		LogIndex:          logged.Payload.LogIndex,
		LogId:             &protocommon.LogId{KeyId: log},
		KindVersion:       &protorekor.KindVersion{Kind: kind.Kind, Version: kind.Version},
		IntegratedTime:    logged.Payload.IntegratedTime,
		InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: logged.SignedEntryTimestamp},
		CanonicalizedBody: body,
	}, nil
}
