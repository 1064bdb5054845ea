//go:build all

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	release "helm.sh/helm/v4/pkg/release/v1"
)

func init() {
	operations["helm.release.encode"] = helmReleaseEncode
	operations["helm.release.decode"] = helmReleaseDecode
}

// A record lies in a Secret, which the API server keeps below one MiB; unpacked it may be this large.
const maxRecordBytes = 64 << 20

// helmReleaseEncode turns a release into the text that Helm stores; what Helm does not know is not kept.
func helmReleaseEncode(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked struct {
		Release *release.Release `json:"release"`
		// OCIDigest goes into the release's digest when its chart came from a registry.
		OCIDigest string `json:"ociDigest"`
	}
	if err := json.Unmarshal(input, &asked); err != nil || asked.Release == nil {
		return nil, &refusal{Code: "invalid-input", Message: "the release is not of the form that Helm stores"}
	}
	text, err := json.Marshal(asked.Release)
	if err != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the release cannot be written"}
	}
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zipped.Write(text); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	digest, err := releaseDigest(asked.Release, asked.OCIDigest)
	if err != nil {
		return nil, err
	}
	return map[string]string{"record": base64.StdEncoding.EncodeToString(packed.Bytes()), "digest": digest}, nil
}

// helmReleaseDecode reads what Helm stored, also where an old version stored it unpacked.
func helmReleaseDecode(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked struct {
		Record    string `json:"record"`
		OCIDigest string `json:"ociDigest"`
	}
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	content, err := base64.StdEncoding.DecodeString(asked.Record)
	if err != nil {
		return nil, &refusal{Code: "invalid-record", Message: "the release record is not base64"}
	}
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b, 0x08}) {
		if content, err = unzipRecord(content); err != nil {
			return nil, err
		}
	}
	var found release.Release
	if err := json.Unmarshal(content, &found); err != nil {
		return nil, &refusal{Code: "invalid-record", Message: "the release record is not a release of Helm"}
	}
	digest, err := releaseDigest(&found, asked.OCIDigest)
	if err != nil {
		return nil, err
	}
	configDigest, err := valuesDigest(found.Config)
	if err != nil {
		return nil, err
	}
	return map[string]any{"release": found, "digest": digest, "configDigest": configDigest}, nil
}

func unzipRecord(packed []byte) ([]byte, error) {
	damaged := &refusal{Code: "invalid-record", Message: "the release record is damaged"}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, damaged
	}
	content, err := io.ReadAll(io.LimitReader(unzipped, maxRecordBytes+1))
	if err != nil {
		return nil, damaged
	}
	if len(content) > maxRecordBytes {
		return nil, &refusal{Code: "too-large", Message: fmt.Sprintf("the release record has more than the allowed %d MiB", maxRecordBytes>>20)}
	}
	return content, nil
}
