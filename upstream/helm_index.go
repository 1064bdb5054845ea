//go:build all

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

func init() {
	operations["helm.index"] = helmIndex
}

const (
	maxIndexBytes = 50 << 20
	nearestNames  = 3
)

type helmIndexInput struct {
	Charts []wantedChart `json:"charts"`
}

type wantedChart struct {
	Name string `json:"name"`
	// Version is a version or a range; without one the newest that is no pre-release is meant.
	Version string `json:"version"`
}

// indexVersion is one version of a chart in a repository's index.
type indexVersion struct {
	*chart.Metadata
	URLs    []string  `json:"urls"`
	Created time.Time `json:"created"`
	Digest  string    `json:"digest,omitempty"`
}

// chosenChart answers for one wanted chart: the chosen version or, with a code, why there is none.
type chosenChart struct {
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
	URLs    []string `json:"urls,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	// Created is when the version was made, as the index tells.
	Created *time.Time      `json:"created,omitempty"`
	Chart   *chart.Metadata `json:"metadata,omitempty"`
	Code    string          `json:"code,omitempty"`
	Message string          `json:"message,omitempty"`
	// Near are the names of the index that are most like one that it does not hold.
	Near []string `json:"near,omitempty"`
}

// helmIndex answers for the wanted charts of a repository's index; the others are only named, never decoded.
func helmIndex(_ *pipe, input json.RawMessage, index []byte) (any, error) {
	var asked helmIndexInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	if len(index) > maxIndexBytes {
		return nil, &refusal{Code: "too-large", Message: fmt.Sprintf("the index has more than the allowed %d MiB", maxIndexBytes>>20)}
	}
	wanted := map[string]bool{}
	for _, one := range asked.Charts {
		wanted[one.Name] = true
	}
	found, err := readIndex(index, wanted)
	if err != nil {
		return nil, err
	}
	answers := make([]chosenChart, 0, len(asked.Charts))
	for _, one := range asked.Charts {
		answers = append(answers, chooseChart(found, one))
	}
	return map[string]any{"charts": answers, "count": len(found.names)}, nil
}

func chooseChart(index *indexContent, wanted wantedChart) chosenChart {
	versions, isThere := index.versions[wanted.Name]
	if !isThere {
		return chosenChart{Name: wanted.Name, Code: "no-chart", Message: "no chart name found", Near: nearest(wanted.Name, index.names)}
	}
	if len(versions) == 0 {
		return chosenChart{Name: wanted.Name, Code: "no-version", Message: "no chart version found"}
	}
	for _, version := range versions {
		if wanted.Version != "" && version.Version == wanted.Version {
			return chosen(wanted.Name, version)
		}
	}
	constraint, err := semver.NewConstraint(cmp.Or(wanted.Version, "*"))
	if err != nil {
		return chosenChart{Name: wanted.Name, Code: "invalid-version", Message: fmt.Sprintf("%q is no version or range of versions", wanted.Version)}
	}
	best := newest(versions, constraint)
	if best == nil {
		message := fmt.Sprintf("no '%s' chart with version matching '%s' found", wanted.Name, wanted.Version)
		return chosenChart{Name: wanted.Name, Code: "no-version", Message: message}
	}
	return chosen(wanted.Name, best)
}

func chosen(name string, version *indexVersion) chosenChart {
	answer := chosenChart{Name: name, Version: version.Version, URLs: version.URLs, Digest: version.Digest, Chart: version.Metadata}
	if !version.Created.IsZero() {
		answer.Created = &version.Created
	}
	return answer
}

// newest is the highest version in the range; of equal ones, which differ in build metadata only, the youngest.
func newest(versions []*indexVersion, constraint *semver.Constraints) *indexVersion {
	var best *indexVersion
	var highest *semver.Version
	for _, one := range versions {
		version, err := semver.NewVersion(one.Version)
		if err != nil || !constraint.Check(version) {
			continue
		}
		if best == nil || version.GreaterThan(highest) || (version.Equal(highest) && one.Created.After(best.Created)) {
			best, highest = one, version
		}
	}
	return best
}

// nearest are the names that need the fewest changes, as far as they are alike at all.
func nearest(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var alike []candidate
	for _, other := range names {
		distance := changesBetween(name, other)
		if strings.Contains(other, name) || strings.Contains(name, other) {
			distance = min(distance, 1)
		}
		if distance <= max(2, len(name)/3) {
			alike = append(alike, candidate{other, distance})
		}
	}
	slices.SortFunc(alike, func(a, b candidate) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(a.name, b.name))
	})
	var found []string
	for _, one := range alike[:min(nearestNames, len(alike))] {
		found = append(found, one.name)
	}
	return found
}

// changesBetween counts the letters to change, add or remove to make one text the other.
func changesBetween(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
