//go:build all

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

// What a chart may weigh. Subcharts count into their parent's number and size.
const (
	maxChartBytes         = 10 << 20
	maxChartFileBytes     = 5 << 20
	maxChartFiles         = 10_000
	maxChartUnpackedBytes = 64 << 20
	maxChartDepth         = 8
	// Text packs well, but not this well; the first MiBs are free, for small charts of repetitive manifests.
	maxChartRatio      = 100
	freeUnpackedBytes  = 4 << 20
	chartFileTooLarge  = "has more than the allowed %d MiB for a file of a chart"
	chartTooManyFiles  = "the chart has more than the allowed %d files, subcharts included"
	chartUnpacksTooBig = "the chart has more than the allowed %d MiB unpacked, subcharts included"
)

// chartBudget counts what was read of one chart and throws when it is too much.
type chartBudget struct {
	files int
	bytes int64
}

func (b *chartBudget) take(file string, size int64) {
	if b.files++; b.files > maxChartFiles {
		panic(&refusal{Code: "too-large", Message: fmt.Sprintf(chartTooManyFiles, maxChartFiles)})
	}
	if size > maxChartFileBytes {
		panic(&refusal{Code: "too-large", Message: fmt.Sprintf(chartFileTooLarge, maxChartFileBytes>>20), File: file})
	}
	if b.bytes += size; b.bytes > maxChartUnpackedBytes {
		panic(&refusal{Code: "too-large", Message: fmt.Sprintf(chartUnpacksTooBig, maxChartUnpackedBytes>>20)})
	}
}

var packedSubchart = regexp.MustCompile(`(^|/)charts/[^/]+\.tgz$`)

// unpackChart reads a packed chart into the files that it holds, named as within the chart. Helm's own reader
// follows: it takes what passed here.
func unpackChart(packed []byte, budget *chartBudget, depth int) []*archive.BufferedFile {
	if depth > maxChartDepth {
		panic(&refusal{Code: "too-deep", Message: fmt.Sprintf("charts lie more than %d deep in each other", maxChartDepth)})
	}
	if len(packed) > maxChartBytes {
		panic(&refusal{Code: "too-large", Message: fmt.Sprintf("the packed chart has more than the allowed %d MiB", maxChartBytes>>20)})
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(&refusal{Code: "invalid-chart", Message: "the chart is no gzip archive"})
	}
	files := readTar(tar.NewReader(io.LimitReader(unzipped, unpackedLimit(len(packed)))), unpackedLimit(len(packed)), budget)
	if len(files) == 0 {
		panic(&refusal{Code: "invalid-chart", Message: "the chart archive holds no files"})
	}
	checkChartFiles(files, budget, depth)
	return files
}

func unpackedLimit(packed int) int64 {
	return min(maxChartUnpackedBytes, freeUnpackedBytes+maxChartRatio*int64(packed)) + 1
}

func readTar(entries *tar.Reader, limit int64, budget *chartBudget) []*archive.BufferedFile {
	var files []*archive.BufferedFile
	var total int64
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			panic(archiveRefusal(total, limit))
		}
		name, isFile := chartFileName(header)
		if !isFile {
			continue
		}
		budget.take(name, header.Size)
		if total += header.Size; total >= limit {
			panic(archiveRefusal(total, limit))
		}
		content := make([]byte, header.Size)
		if _, err := io.ReadFull(entries, content); err != nil {
			panic(archiveRefusal(total, limit))
		}
		content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
		files = append(files, &archive.BufferedFile{Name: name, ModTime: header.ModTime, Data: content})
	}
}

// The limited reader ends early, which looks like a truncated archive.
func archiveRefusal(total, limit int64) *refusal {
	if total >= limit {
		return &refusal{Code: "too-large", Message: fmt.Sprintf("the chart unpacks to more than %d times its size", maxChartRatio)}
	}
	return &refusal{Code: "invalid-chart", Message: "the chart archive is damaged"}
}

// chartFileName is the name of an entry within the chart, without the folder that all entries lie in.
func chartFileName(header *tar.Header) (string, bool) {
	name := strings.ReplaceAll(header.Name, `\`, "/")
	refuse := func(problem string) {
		panic(&refusal{Code: "unsafe-archive", Message: fmt.Sprintf("the chart archive holds %q, %s", name, problem)})
	}
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return "", false
	case tar.TypeReg:
	case tar.TypeLink, tar.TypeSymlink:
		refuse("which is a link")
	default:
		refuse("which is neither a file nor a folder")
	}
	parts := strings.Split(name, "/")
	if path.IsAbs(name) || (len(name) > 1 && name[1] == ':') {
		refuse("which is an absolute name")
	}
	if slices.Contains(parts, "..") {
		refuse("which leads out of the chart")
	}
	inside := path.Clean(strings.Join(parts[1:], "/"))
	if len(parts) == 1 || inside == "." {
		refuse("which lies outside of the chart's folder")
	}
	if len(inside) > 1 && inside[1] == ':' {
		refuse("which is an absolute name")
	}
	return inside, true
}

// parsedChartFile names the files that Helm parses as YAML while it loads a chart.
var parsedChartFile = regexp.MustCompile(`(^|/)(Chart\.yaml|Chart\.lock|values\.yaml|requirements\.(yaml|lock))$`)

// checkChartFiles looks at what Helm's loader will parse or unpack further.
func checkChartFiles(files []*archive.BufferedFile, budget *chartBudget, depth int) {
	for _, file := range files {
		if parsedChartFile.MatchString(file.Name) {
			refuseAliasBomb(file.Name, file.Data)
		}
		if packedSubchart.MatchString(file.Name) {
			checkSubchart(file, budget, depth)
		}
	}
}

func checkSubchart(file *archive.BufferedFile, budget *chartBudget, depth int) {
	defer func() {
		if thrown := recover(); thrown != nil {
			stopped := refusalFromPanic(thrown)
			stopped.File = path.Join(file.Name, stopped.File)
			panic(stopped)
		}
	}()
	unpackChart(file.Data, budget, depth+1)
}
