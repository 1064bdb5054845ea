//go:build all

package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
)

// signKeyless signs by authorities and a log of its own: a bundle, and a payload with annotations.
func signKeyless(ordered order, made *delivery) error {
	world, err := ca.NewVirtualSigstore()
	if err != nil {
		return err
	}
	stranger, err := ca.NewVirtualSigstore()
	if err != nil {
		return err
	}
	if made.TrustedRoot, err = trustedRootOf(world); err != nil {
		return err
	}
	if made.Stranger, err = trustedRootOf(stranger); err != nil {
		return err
	}
	if made.Bundle, err = attested(world, ordered); err != nil {
		return err
	}
	made.Payload = []byte(fmt.Sprintf(
		`{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`,
		ordered.Digest,
	))
	made.Annotations, err = annotated(world, ordered, made.Payload)
	return err
}

func trustedRootOf(world *ca.VirtualSigstore) (json.RawMessage, error) {
	logs := world.RekorLogs()
	for id, log := range logs {
		raw, err := hex.DecodeString(id)
		if err != nil {
			return nil, err
		}
		log.ID = raw
	}
	// Its certificates are entered into no log of their own.
	trusted, err := root.NewTrustedRoot(
		root.TrustedRootMediaType01, world.FulcioCertificateAuthorities(), nil, world.TimestampingAuthorities(), logs,
	)
	if err != nil {
		return nil, err
	}
	return trusted.MarshalJSON()
}

func attested(world *ca.VirtualSigstore, ordered order) (json.RawMessage, error) {
	statement := fmt.Sprintf(
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"","digest":{"sha256":%q}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
		strings.TrimPrefix(ordered.Digest, "sha256:"),
	)
	entity, err := world.AttestAtTime(ordered.Subject, ordered.Issuer, []byte(statement), time.Now().Add(5*time.Minute), true)
	if err != nil {
		return nil, err
	}
	content, err := entity.SignatureContent()
	if err != nil {
		return nil, err
	}
	signed, err := entity.VerificationContent()
	if err != nil {
		return nil, err
	}
	entries, err := entity.TlogEntries()
	if err != nil {
		return nil, err
	}
	entry, err := promised(world, entries[0].TransparencyLogEntry())
	if err != nil {
		return nil, err
	}
	envelope := content.EnvelopeContent()
	if envelope == nil {
		return nil, errors.New("nothing was attested")
	}
	mediaType, err := bundle.MediaTypeString("0.3")
	if err != nil {
		return nil, err
	}
	made, err := bundle.NewBundle(&protobundle.Bundle{
		MediaType: mediaType,
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content: &protobundle.VerificationMaterial_Certificate{
				Certificate: &protocommon.X509Certificate{RawBytes: signed.Certificate().Raw},
			},
			TlogEntries: []*protorekor.TransparencyLogEntry{entry},
		},
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload:     []byte(statement),
			PayloadType: envelope.RawEnvelope().PayloadType,
			Signatures:  []*protodsse.Signature{{Sig: content.Signature()}},
		}},
	})
	if err != nil {
		return nil, err
	}
	return made.MarshalJSON()
}

// promised adds to an entry what the log answers to whoever enters it.
func promised(world *ca.VirtualSigstore, entry *protorekor.TransparencyLogEntry) (*protorekor.TransparencyLogEntry, error) {
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(entry.CanonicalizedBody, &body); err != nil {
		return nil, err
	}
	promise, err := world.RekorSignPayload(tlog.RekorPayload{
		Body:           base64.StdEncoding.EncodeToString(entry.CanonicalizedBody),
		IntegratedTime: entry.IntegratedTime,
		LogIndex:       entry.LogIndex,
		LogID:          hex.EncodeToString(entry.LogId.KeyId),
	})
	entry.KindVersion = &protorekor.KindVersion{Kind: body.Kind, Version: body.Version}
	entry.InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: promise}
	return entry, err
}

func annotated(world *ca.VirtualSigstore, ordered order, payload []byte) (map[string]string, error) {
	entity, err := world.SignAtTimeWithVersion(ordered.Subject, ordered.Issuer, payload, time.Now().Add(5*time.Minute), "v0.1")
	if err != nil {
		return nil, err
	}
	content, err := entity.SignatureContent()
	if err != nil {
		return nil, err
	}
	signed, err := entity.VerificationContent()
	if err != nil {
		return nil, err
	}
	entries, err := entity.TlogEntries()
	if err != nil {
		return nil, err
	}
	entry, err := promised(world, entries[0].TransparencyLogEntry())
	if err != nil {
		return nil, err
	}
	logged, err := json.Marshal(map[string]any{
		"SignedEntryTimestamp": entry.InclusionPromise.SignedEntryTimestamp,
		"Payload": map[string]any{
			"body":           base64.StdEncoding.EncodeToString(entry.CanonicalizedBody),
			"integratedTime": entry.IntegratedTime,
			"logIndex":       entry.LogIndex,
			"logID":          hex.EncodeToString(entry.LogId.KeyId),
		},
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(content.Signature()),
		"dev.sigstore.cosign/certificate":    pemOf(signed.Certificate()),
		"dev.sigstore.cosign/bundle":         string(logged),
	}, nil
}
