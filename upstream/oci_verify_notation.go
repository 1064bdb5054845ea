//go:build all

package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	// The forms that a signature may have.
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	trustPolicyEntry     = "trustpolicy.json"
	maxSignatureAttempts = 3
)

// verifyNotation verifies by the trust policy of the Secret, whose certificates are those of every store that it names.
func verifyNotation(artifact signedArtifact) (any, error) {
	policy, err := trustPolicyOf(artifact.Keys)
	if err != nil {
		return nil, err
	}
	certificates, err := certificatesOf(artifact.Keys)
	if err != nil {
		return nil, err
	}
	options, err := offlineRevocation()
	if err != nil {
		return nil, err
	}
	checker, err := verifier.NewWithOptions(policy, certificates, nil, options)
	if err != nil {
		return nil, unverified(redact(err.Error()))
	}
	_, outcomes, err := notation.Verify(context.Background(), checker, keptSignatures(artifact), notation.VerifyOptions{
		ArtifactReference:    artifact.Repository + "@" + artifact.Digest,
		MaxSignatureAttempts: maxSignatureAttempts,
	})
	if err != nil {
		// One line for each signature that was looked at.
		return nil, unverified(redact(strings.ReplaceAll(err.Error(), "\n", ": ")))
	}
	if len(outcomes) == 0 {
		return nil, unverified("none of its signatures holds")
	}
	return verdictOf(outcomes[0]), nil
}

// offline answers the library's questions to the servers that certificates name: an error is no leave.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("revocation servers are not asked here")
}

func offlineRevocation() (verifier.VerifierOptions, error) {
	client := &http.Client{Transport: offline{}}
	lists, err := crl.NewHTTPFetcher(client)
	if err != nil {
		return verifier.VerifierOptions{}, err
	}
	validator := func(of purpose.Purpose) (revocation.Validator, error) {
		return revocation.NewWithOptions(revocation.Options{OCSPHTTPClient: client, CRLFetcher: lists, CertChainPurpose: of})
	}
	signing, err := validator(purpose.CodeSigning)
	if err != nil {
		return verifier.VerifierOptions{}, err
	}
	timestamping, err := validator(purpose.Timestamping)
	return verifier.VerifierOptions{RevocationCodeSigningValidator: signing, RevocationTimestampingValidator: timestamping}, err
}

// verdictOf says so where a policy only wants to be told of signatures that nobody trusted made.
func verdictOf(outcome *notation.VerificationOutcome) artifactVerdict {
	if outcome.VerificationLevel == trustpolicy.LevelSkip {
		return artifactVerdict{Ignored: true}
	}
	for _, result := range outcome.VerificationResults {
		if result.Error != nil && result.Type == trustpolicy.TypeAuthenticity {
			return artifactVerdict{Ignored: true}
		}
	}
	signer := outcome.EnvelopeContent.SignerInfo.CertificateChain[0]
	return artifactVerdict{Key: signer.Subject.String()}
}

func trustPolicyOf(keys map[string][]byte) (*trustpolicy.Document, error) {
	text, found := keys[trustPolicyEntry]
	if !found {
		return nil, unverified(fmt.Sprintf("'%s' not found in the Secret", trustPolicyEntry))
	}
	var policy trustpolicy.Document
	if json.Unmarshal(text, &policy) != nil {
		return nil, unverified(fmt.Sprintf("'%s' of the Secret does not parse", trustPolicyEntry))
	}
	for at := range policy.TrustPolicies {
		statement := &policy.TrustPolicies[at]
		// The library takes no stores for a statement that needs none; upstream leaves them out too.
		if statement.SignatureVerification.VerificationLevel == trustpolicy.LevelSkip.Name {
			statement.TrustStores, statement.TrustedIdentities = nil, nil
		}
	}
	return &policy, nil
}

// certificateStore is a store of certificates of which every name holds the same.
type certificateStore []*x509.Certificate

func (s certificateStore) GetCertificates(context.Context, truststore.Type, string) ([]*x509.Certificate, error) {
	return s, nil
}

func certificatesOf(keys map[string][]byte) (certificateStore, error) {
	var store certificateStore
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if !strings.HasSuffix(name, ".crt") && !strings.HasSuffix(name, ".pem") {
			continue
		}
		found, err := parseCertificates(keys[name])
		if err != nil || len(found) == 0 {
			return nil, unverified(fmt.Sprintf("the entry %q of the Secret is no certificate", name))
		}
		store = append(store, found...)
	}
	if len(store) == 0 {
		return nil, unverified("no certificates found in the Secret")
	}
	return store, nil
}

func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return x509.ParseCertificates(text)
	}
	var found []*x509.Certificate
	for ; block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParseCertificates(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, parsed...)
	}
	return found, nil
}

// keptSignatures are the signatures of an artifact as the library reads a registry.
type keptSignatures signedArtifact

func (s keptSignatures) Resolve(context.Context, string) (ocispec.Descriptor, error) {
	return ocispec.Descriptor{MediaType: s.MediaType, Digest: digest.Digest(s.Digest), Size: s.Size}, nil
}

func (s keptSignatures) ListSignatures(_ context.Context, _ ocispec.Descriptor, take func([]ocispec.Descriptor) error) error {
	var found []ocispec.Descriptor
	for _, envelope := range s.Envelopes {
		found = append(found, descriptorOf(envelope))
	}
	return take(found)
}

func (s keptSignatures) FetchSignatureBlob(_ context.Context, wanted ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	for _, envelope := range s.Envelopes {
		if descriptor := descriptorOf(envelope); descriptor.Digest == wanted.Digest {
			return envelope.Content, descriptor, nil
		}
	}
	return nil, ocispec.Descriptor{}, errors.New("there is no such signature")
}

func (s keptSignatures) PushSignature(context.Context, string, []byte, ocispec.Descriptor, map[string]string) (blob, manifest ocispec.Descriptor, err error) {
	return blob, manifest, errors.New("nothing is signed here")
}

func descriptorOf(envelope signatureEnvelope) ocispec.Descriptor {
	sum := digest.FromBytes(envelope.Content)
	return ocispec.Descriptor{MediaType: envelope.MediaType, Digest: sum, Size: int64(len(envelope.Content))}
}
