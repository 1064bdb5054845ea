//go:build all

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// chartInput says where a chart is: in a folder of the parent's tree or, without a path, packed in the attachment.
type chartInput struct {
	Path *string `json:"path"`
}

// loadChart loads a chart as Helm does, from files that were looked at before. With it come all its files.
func loadChart(p *pipe, from chartInput, packed []byte) (*chart.Chart, error) {
	var files []*archive.BufferedFile
	if from.Path == nil {
		files = unpackChart(packed, &chartBudget{}, 0)
	} else {
		directory, err := readChartDirectory(newTree(p), *from.Path)
		if err != nil {
			return nil, err
		}
		files = directory
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		told := chartRefusal(err)
		if from.Path != nil && told.File != "" {
			told.File = path.Join(*from.Path, told.File)
		}
		return nil, told
	}
	switch loaded.Metadata.APIVersion {
	case chart.APIVersionV1, chart.APIVersionV2:
		return loaded, nil
	}
	message := fmt.Sprintf("charts of apiVersion %q are not known", loaded.Metadata.APIVersion)
	return nil, &refusal{Code: "invalid-chart", Message: message, File: "Chart.yaml"}
}

var fileInChartError = regexp.MustCompile(`cannot load ([\w.]+): `)

// chartRefusal tells which file of a chart cannot be loaded.
func chartRefusal(err error) *refusal {
	told := &refusal{Code: "invalid-chart", Message: redact(err.Error())}
	if at := fileInChartError.FindStringSubmatch(told.Message); at != nil {
		told.File = at[1]
		told.Message = strings.Replace(told.Message, at[0], "", 1)
	}
	if at := lineInError.FindStringSubmatch(told.Message); at != nil && told.File != "" {
		told.Line, _ = strconv.Atoi(at[1])
		told.Message = strings.Replace(told.Message, at[0], "", 1)
	}
	return told
}

// readChartDirectory reads a folder that holds a chart, leaving out what its .helmignore names.
func readChartDirectory(files *tree, folder string) ([]*archive.BufferedFile, error) {
	root := files.inside(path.Join(mount, folder))
	if files.list(root).Type != "directory" {
		message := fmt.Sprintf("path %q is no directory of this revision", folder)
		return nil, &refusal{Code: "missing-path", Message: message}
	}
	rules := ignore.Empty()
	if content, isFile := files.read(path.Join(root, ignore.HelmIgnore)); isFile {
		parsed, err := ignore.Parse(bytes.NewReader(content))
		if err != nil {
			return nil, &refusal{Code: "invalid-chart", Message: redact(err.Error()), File: path.Join(root, ignore.HelmIgnore)}
		}
		rules = parsed
	}
	rules.AddDefaults()
	walk := &chartWalk{files: files, root: root, rules: rules, budget: &chartBudget{}}
	walk.folder("", 0)
	checkChartFiles(walk.found, walk.budget, 0)
	return walk.found, nil
}

type chartWalk struct {
	files  *tree
	root   string
	rules  *ignore.Rules
	budget *chartBudget
	found  []*archive.BufferedFile
}

// maxFolderDepth ends the walk through a link that leads back.
const maxFolderDepth = 100

func (w *chartWalk) folder(below string, depth int) {
	if depth > maxFolderDepth {
		panic(&refusal{Code: "too-deep", Message: fmt.Sprintf("the chart's folders lie more than %d deep", maxFolderDepth), File: below})
	}
	for _, item := range w.files.list(path.Join(w.root, below)).Entries {
		name := path.Join(below, item.Name)
		kind := item.Type
		if kind == "link" {
			kind = w.files.look(path.Join(w.root, name)).Type
		}
		if kind != "file" && kind != "directory" || w.rules.Ignore(name, chartItem{name: item.Name, isDirectory: kind == "directory"}) {
			continue
		}
		if kind == "directory" {
			w.folder(name, depth+1)
			continue
		}
		w.file(name)
	}
}

func (w *chartWalk) file(name string) {
	content, _ := w.files.read(path.Join(w.root, name))
	w.budget.take(name, int64(len(content)))
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	w.found = append(w.found, &archive.BufferedFile{Name: name, Data: content})
}

// chartItem is what the rules of a .helmignore want to know of a file.
type chartItem struct {
	name        string
	isDirectory bool
}

func (i chartItem) Name() string       { return i.name }
func (i chartItem) IsDir() bool        { return i.isDirectory }
func (i chartItem) Size() int64        { return 0 }
func (i chartItem) Mode() fs.FileMode  { return 0 }
func (i chartItem) ModTime() time.Time { return time.Time{} }
func (i chartItem) Sys() any           { return nil }
