package main

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// remoteBase is what a kustomization takes from elsewhere: a folder of a Git repository, one file, or a chart.
type remoteBase struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
	// Ref is what of the repository is meant; empty: its HEAD.
	Ref          string `json:"ref"`
	NoSubmodules bool   `json:"noSubmodules"`
	// Chart is which chart of a repository is meant.
	Chart string `json:"chart,omitempty"`

	// folder is what of the repository is built.
	folder string
}

// remoteBases puts what is elsewhere at the places that the parent has for it.
type remoteBases struct {
	files *tree
	known map[remoteBase]string
}

// fields of a kustomization whose entries may be remote.
var loadedFields = []string{"resources", "bases", "components", "generators", "transformers", "validators"}

func loadedBy(parsed *types.Kustomization) []*[]string {
	return []*[]string{&parsed.Resources, &parsed.Components, &parsed.Generators, &parsed.Transformers, &parsed.Validators}
}

// replace names the places of remote entries in their stead. What the parent does not have yet ends the build once all
// entries of the file are known to it.
func (b *remoteBases) replace(file string, parsed *types.Kustomization) {
	var missing *refusal
	for _, entries := range loadedBy(parsed) {
		for i, entry := range *entries {
			place, refused := b.placeOf(file, entry)
			if refused != nil {
				refused.File = file
				missing = refused
			}
			if place != "" {
				(*entries)[i] = place
			}
		}
	}
	if missing != nil {
		panic(missing)
	}
}

// replaceIn does so in the text of a file, so that whatever else is in it keeps its place and its problems.
func (b *remoteBases) replaceIn(file string, content []byte, parsed *types.Kustomization) []byte {
	isAnyRemote := func(entries *[]string) bool {
		return slices.ContainsFunc(*entries, func(entry string) bool { return b.baseOf(file, entry) != nil })
	}
	if !slices.ContainsFunc(loadedBy(parsed), isAnyRemote) {
		return content
	}
	b.replace(file, parsed)
	document, err := yaml.Parse(string(content))
	if err != nil {
		return content
	}
	for _, field := range loadedFields {
		entries := document.Field(field)
		if entries == nil || entries.Value.YNode().Kind != yaml.SequenceNode {
			continue
		}
		for _, entry := range entries.Value.Content() {
			if place, _ := b.placeOf(file, entry.Value); place != "" {
				entry.SetString(place)
			}
		}
	}
	text, err := document.String()
	if err != nil {
		return content
	}
	return []byte(text)
}

// placeOf is where a remote entry of a file is, relative to that file; empty for what is not remote.
func (b *remoteBases) placeOf(file, entry string) (string, *refusal) {
	base := b.baseOf(file, entry)
	if base == nil {
		return "", nil
	}
	if password.MatchString(base.URL) {
		message := fmt.Sprintf("%q holds a password, which does not belong into a repository", withoutCredentials(entry))
		return "", &refusal{Code: "remote-refused", Message: message}
	}
	place, refused := b.place(*base)
	if refused != nil {
		return "", refused
	}
	relative, err := filepath.Rel(path.Dir("/"+file), path.Join("/"+place, base.folder))
	if err != nil {
		return "", &refusal{Code: "internal", Message: fmt.Sprintf("%q has no place", withoutCredentials(entry))}
	}
	return relative, nil
}

// place is where the parent has something that is elsewhere.
func (b *remoteBases) place(base remoteBase) (string, *refusal) {
	if place, isKnown := b.known[base]; isKnown {
		return place, nil
	}
	var reply struct {
		Place string   `json:"place"`
		Error *refusal `json:"error"`
	}
	b.files.pipe.ask(question{Ask: "base", Base: &base}, &reply)
	if reply.Error != nil {
		return "", reply.Error
	}
	if b.known == nil {
		b.known = map[remoteBase]string{}
	}
	b.known[base] = reply.Place
	return reply.Place, nil
}

// baseOf is what an entry of a file means elsewhere; nil when it is part of the tree.
func (b *remoteBases) baseOf(file, entry string) *remoteBase {
	if strings.Contains(entry, "\n") {
		return nil
	}
	base := asRemoteBase(entry)
	if base == nil {
		return nil
	}
	// A file or folder may be named like an address; kustomize tries the file first.
	local := path.Join(mount, path.Dir(file), entry)
	isHere := strings.HasPrefix(local, mount+"/") && !strings.Contains(entry, "://") && b.files.look(b.files.inside(local)).Type == "file"
	if isHere {
		return nil
	}
	return base
}

// asRemoteBase asks kustomize itself how it understands an entry as a repository. It would first try to get every
// http address as a file; here the address tells.
func asRemoteBase(entry string) *remoteBase {
	address, err := url.Parse(entry)
	isHTTP := err == nil && (address.Scheme == "http" || address.Scheme == "https")
	if isHTTP && isFileAddress(address) {
		return &remoteBase{Kind: "file", URL: entry}
	}
	origin := (&resource.Origin{}).Append(entry)
	if origin.Repo == "" {
		return nil
	}
	_, query, _ := strings.Cut(entry, "?")
	asked, _ := url.ParseQuery(query)
	base := &remoteBase{Kind: "git", URL: origin.Repo, Ref: origin.Ref, NoSubmodules: asked.Get("submodules") == "false"}
	if origin.Path != wholeRepository {
		base.folder = origin.Path
	}
	return base
}

// wholeRepository is what kustomize calls the folder of a repository that it did not clone yet.
const wholeRepository = "notCloned"

var gitPath = regexp.MustCompile(`//|\.git(/|$)|/_git/`)
var gitHosts = []string{"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"}

// isFileAddress tells a file from a repository: that one is marked as such, or at a host that is known for them.
func isFileAddress(address *url.URL) bool {
	if address.Query().Has("ref") || address.Query().Has("version") || gitPath.MatchString(strings.TrimPrefix(address.Path, "/")) {
		return false
	}
	isNamed := slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(address.Path))
	return isNamed || !slices.Contains(gitHosts, address.Host)
}

// isRemote tells whether an entry means something elsewhere, unless a file of the tree has that name.
func isRemote(entry string) bool { return asRemoteBase(entry) != nil }

var password = regexp.MustCompile(`//[^/@]*:[^/@]*@`)
var credentials = regexp.MustCompile(`//[^/@]*@`)

func withoutCredentials(address string) string {
	return credentials.ReplaceAllString(address, "//")
}
