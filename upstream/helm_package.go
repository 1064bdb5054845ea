//go:build all

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

type helmPackageInput struct {
	Chart chartInput `json:"chart"`
	// Values replace the chart's own when there are any.
	Values []valuesPart `json:"values"`
	// ChartValuesFiles are files of the chart itself; merged in order they replace its values.yaml.
	ChartValuesFiles []string `json:"chartValuesFiles"`
	IgnoreMissing    bool     `json:"ignoreMissing"`
	// VersionMetadata becomes the build metadata of the version.
	VersionMetadata string `json:"versionMetadata"`
	// Vendored are the lengths of packed charts that lie in the attachment, before the chart where that is packed too.
	// They go into charts/.
	Vendored []int `json:"vendored"`
}

type packagedChart struct {
	Metadata *chart.Metadata `json:"metadata"`
	Archive  []byte          `json:"archive"`
}

// packedAt is the time of every packed file, so that equal charts pack to equal bytes.
var packedAt = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// helmPackage packs a chart, with other values and version where asked for.
func helmPackage(p *pipe, input json.RawMessage, packed []byte) (any, error) {
	var asked helmPackageInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	vendored, packed, err := cutVendored(asked.Vendored, packed)
	if err != nil {
		return nil, err
	}
	loaded, err := loadChart(p, asked.Chart, packed)
	if err != nil {
		return nil, err
	}
	for _, below := range vendored {
		if err := vendor(loaded, below); err != nil {
			return nil, err
		}
	}
	if err := replaceValues(loaded, asked); err != nil {
		return nil, err
	}
	if err := replaceVersion(loaded, asked.VersionMetadata); err != nil {
		return nil, err
	}
	packed, err = packChart(loaded)
	if err != nil {
		return nil, err
	}
	if len(packed) > maxChartBytes {
		return nil, &refusal{Code: "too-large", Message: fmt.Sprintf("the packed chart has more than the allowed %d MiB", maxChartBytes>>20)}
	}
	return packagedChart{Metadata: loaded.Metadata, Archive: packed}, nil
}

func cutVendored(lengths []int, attachment []byte) (vendored [][]byte, rest []byte, err error) {
	for _, length := range lengths {
		if length < 0 || length > len(attachment) {
			return nil, nil, &refusal{Code: "invalid-input", Message: "the attachment is shorter than its charts"}
		}
		vendored = append(vendored, attachment[:length])
		attachment = attachment[length:]
	}
	return vendored, attachment, nil
}

// vendor puts a packed chart into charts/ under its own name and version.
func vendor(loaded *chart.Chart, packed []byte) error {
	below, err := loader.LoadFiles(unpackChart(packed, &chartBudget{}, 1))
	if err != nil {
		return chartRefusal(err)
	}
	replaceFile(loaded, fmt.Sprintf("charts/%s-%s.tgz", below.Name(), below.Metadata.Version), packed)
	return nil
}

func replaceValues(loaded *chart.Chart, asked helmPackageInput) error {
	if len(asked.Values) == 0 && len(asked.ChartValuesFiles) == 0 {
		return nil
	}
	merged := map[string]any{}
	for _, name := range asked.ChartValuesFiles {
		at := slices.IndexFunc(loaded.Raw, func(file *common.File) bool { return file.Name == path.Clean(name) })
		if at < 0 && asked.IgnoreMissing {
			continue
		}
		if at < 0 {
			return &refusal{Code: "missing-values", Message: fmt.Sprintf("no values file found at path '%s'", name)}
		}
		parsed, err := parseValues(name, string(loaded.Raw[at].Data))
		if err != nil {
			return err
		}
		merged = loader.MergeMaps(merged, parsed)
	}
	more, err := mergeValues(asked.Values)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(loader.MergeMaps(merged, more))
	if err != nil {
		return err
	}
	replaceFile(loaded, "values.yaml", text)
	return nil
}

func replaceVersion(loaded *chart.Chart, metadata string) error {
	if metadata == "" {
		return nil
	}
	version, err := semver.NewVersion(loaded.Metadata.Version)
	if err != nil {
		return chartRefusal(err)
	}
	marked, err := version.SetMetadata(metadata)
	if err != nil {
		return &refusal{Code: "invalid-input", Message: fmt.Sprintf("%q is no build metadata of a version", metadata)}
	}
	loaded.Metadata.Version = marked.String()
	described := *loaded.Metadata
	if described.APIVersion == chart.APIVersionV1 {
		// Such a chart has them in requirements.yaml.
		described.Dependencies = nil
	}
	text, err := yaml.Marshal(described)
	if err != nil {
		return err
	}
	replaceFile(loaded, "Chart.yaml", text)
	return nil
}

func replaceFile(loaded *chart.Chart, name string, content []byte) {
	for _, file := range loaded.Raw {
		if file.Name == name {
			file.Data = content
			return
		}
	}
	loaded.Raw = append(loaded.Raw, &common.File{Name: name, Data: content})
}

func packChart(loaded *chart.Chart) ([]byte, error) {
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	entries := tar.NewWriter(zipped)
	files := slices.SortedFunc(slices.Values(loaded.Raw), func(a, b *common.File) int { return strings.Compare(packedOrder(a), packedOrder(b)) })
	for _, file := range files {
		header := &tar.Header{Name: path.Join(loaded.Name(), file.Name), Mode: 0o644, Size: int64(len(file.Data)), ModTime: packedAt}
		if err := entries.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := entries.Write(file.Data); err != nil {
			return nil, err
		}
	}
	if err := entries.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// packedOrder puts the chart's description first, where readers that stop early look for it.
func packedOrder(file *common.File) string {
	if file.Name == "Chart.yaml" {
		return ""
	}
	return file.Name
}
