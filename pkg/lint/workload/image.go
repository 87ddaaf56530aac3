package workload

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/image"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

var imageName = &rule.Rule{
	Code: engine.CodeInvalidImage, Name: "image-name", Severity: finding.Critical,
	Title: "An image name is invalid",
	Object: func(c *rule.Context, o *cluster.Object) {
		for _, container := range rule.Containers(o) {
			text := object.Text(container.Fields, "image")
			if text == "" || rule.Unknown(text) {
				continue
			}
			_, err := image.Parse(text)
			if err == nil {
				continue
			}
			field := container.Path + ".image"
			if errors.Is(err, image.ErrBareDigest) {
				changes := addAlgorithm(c, o, field, image.Split(text))
				c.ReportChange(o, field, fmt.Sprintf("the digest of the image of %s lacks the prefix sha256:, so no pod can start", nameOf(container)),
					inFile(o, writeDigest(changes)), changes...)
				continue
			}
			c.Report(o, field, fmt.Sprintf("the image name of %s is invalid, so no pod can start: %v", nameOf(container), err),
				inFile(o, "Correct the image's name"))
		}
	},
}

// writeDigest is how to fix a digest, with its first digits if it is written alone.
func writeDigest(changes []edit.Change) string {
	const prefix, digits = "sha256:", 12
	if len(changes) == 1 {
		if digest := fmt.Sprint(changes[0].Value); strings.HasPrefix(digest, prefix) {
			return "Write digest: " + digest[:len(prefix)+digits] + "…"
		}
	}
	return "Add the prefix sha256: to the image's digest"
}

// addAlgorithm is the change of the digest of an image, where it is written alone or in the name.
func addAlgorithm(c *rule.Context, o *cluster.Object, field string, name image.Name) []edit.Change {
	at, sure := o.Locate(field)
	documents, err := c.Tree.Documents(at.File)
	if err != nil || !sure {
		return nil
	}
	for _, d := range documents {
		switch text := scalarAt(d.Node, at); text {
		case name.Digest:
			return []edit.Change{{At: at, Op: edit.Set, Value: "sha256:" + text}}
		case name.Repository + "@" + name.Digest:
			return []edit.Change{{At: at, Op: edit.Set, Value: name.Repository + "@sha256:" + name.Digest}}
		}
	}
	return nil
}

// scalarAt is the text of the scalar at a position, "" if there is none.
func scalarAt(n *yaml.Node, at tree.Position) string {
	if n.Kind == yaml.ScalarNode && n.Line == at.Line && n.Column == at.Column {
		return n.Value
	}
	for _, child := range n.Content {
		if text := scalarAt(child, at); text != "" {
			return text
		}
	}
	return ""
}

var floatingTag = &rule.Rule{
	Code: "OW4901", Name: "floating-tag", Severity: finding.Warning,
	Title: "An image has a tag that moves",
	Object: func(c *rule.Context, o *cluster.Object) {
		for _, used := range images(o) {
			if used.name.Digest != "" || used.byDefault || !moves(used.name.Tag) {
				continue
			}
			reason := "has the tag " + used.name.Tag + ", which moves"
			if used.name.Tag == "" {
				reason = "has no tag, so the nodes pull latest"
			}
			c.Report(o, used.field, fmt.Sprintf("the image %s %s: pods that start at another time run another version", used.name.Repository, reason),
				inFile(o, "Set the tag of a version, or a digest"))
		}
	},
}

var retiredCatalogue = &rule.Rule{
	Code: "OW4902", Name: "retired-catalogue", Severity: finding.Warning,
	Title: "An image is in the catalogue that Bitnami retired",
	Object: func(c *rule.Context, o *cluster.Object) {
		for _, used := range images(o) {
			if target, moved := used.name.Moved(); moved && used.name.Tag != "latest" {
				c.Report(o, used.field, fmt.Sprintf("Bitnami moved the versions of %s to %s on 2025-08-28: nodes that don't have the image can't pull it", used.name.Repository, target),
					inFile(o, "Set the image to "+target+", which gets no updates; before you change to an image of another publisher, back up its data and plan the migration"))
			}
		}
		if isBitnami(o) {
			reportCharts(c, o)
		}
	},
}

// reportCharts reports a repository of Bitnami's charts that releases use, unless they use other
// images.
func reportCharts(c *rule.Context, repository *cluster.Object) {
	var users, files []string
	for _, release := range c.OfKind(object.HelmReleaseKind) {
		name := release.GetNamespace() + "/" + release.GetName()
		if uses(release, repository.Ref()) && !replacesImages(release) && !slices.Contains(users, name) {
			users = append(users, name)
			if !slices.Contains(files, release.File()) {
				files = append(files, release.File())
			}
		}
	}
	if len(users) == 0 {
		return
	}
	who, verb, what := "HelmRelease "+users[0], "uses", "the release"
	if len(users) > 1 {
		who, verb, what = "HelmReleases "+listed(users), "use", "the releases"
	}
	if len(files) > 1 {
		what += fmt.Sprintf(" (%s)", listed(files))
	}
	c.Report(repository, "spec.url", who+" "+verb+" its charts, whose images Bitnami moved to docker.io/bitnamilegacy on 2025-08-28: nodes that don't have them can't pull them",
		finding.Fix{Text: fmt.Sprintf("In the values of %s, set the images to docker.io/bitnamilegacy/…, for which charts since December 2024 also require global.security.allowInsecureImages: true; "+
			"before you change to another chart, back up the database and plan its migration", what), File: files[0]})
}

// listed are names for people: "a", "a and b", "a, b, c and 3 more".
func listed(names []string) string {
	n := len(names)
	switch {
	case n == 1:
		return names[0]
	case n > engine.MaxNamed:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:engine.MaxNamed], ", "), n-engine.MaxNamed)
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}

// isBitnami reports whether an object is a source of Bitnami's charts.
func isBitnami(o *cluster.Object) bool {
	switch o.Ref().GroupKind() {
	case object.HelmRepositoryKind, object.OCIRepositoryKind:
		return bitnamiCharts.MatchString(object.Text(o.Unstructured.Object, "spec", "url"))
	}
	return false
}

var bitnamiCharts = regexp.MustCompile(`^(?:https?://(?:charts\.bitnami\.com/|raw\.githubusercontent\.com/bitnami/charts/)|oci://(?:registry-1\.)?docker\.io/bitnamicharts(?:/|$))`)

// uses reports whether a release takes its chart from a source.
func uses(release *cluster.Object, source object.Ref) bool {
	spec := object.Map(release.Unstructured.Object, "spec")
	for _, ref := range []map[string]any{object.Map(spec, "chart", "spec", "sourceRef"), object.Map(spec, "chartRef")} {
		namespace := object.Text(ref, "namespace")
		if namespace == "" {
			namespace = release.GetNamespace()
		}
		if object.Text(ref, "kind") == source.Kind && object.Text(ref, "name") == source.Name && namespace == source.Namespace {
			return true
		}
	}
	return false
}

// replacesImages reports whether the values of a release, or values that are not in the tree,
// may name other images than those of the chart.
func replacesImages(release *cluster.Object) bool {
	replaced := len(object.List(release.Unstructured.Object, "spec", "valuesFrom")) > 0
	rule.Walk(object.Map(release.Unstructured.Object, "spec", "values"), "", func(_, key string, value any) bool {
		text, _ := value.(string)
		replaced = replaced || text != "" && (key == "imageRegistry" || key == "registry" || key == "repository" && image.Split(text).Repository != "" && !strings.HasPrefix(text, "bitnami/"))
		return !replaced
	})
	return replaced
}

// usedImage is the name of an image, and the field where a person changes its tag.
type usedImage struct {
	name  image.Name
	field string
	// byDefault: the tag is that of the chart.
	byDefault bool
}

// images are the images of a workload, and those in the values of a release, by the convention
// of charts: a map with repository, tag and digest.
func images(o *cluster.Object) []usedImage {
	var found []usedImage
	add := func(text, field string, byDefault bool) {
		if _, err := image.Parse(text); err == nil && !rule.Unknown(text) {
			found = append(found, usedImage{image.Split(text), field, byDefault})
		}
	}
	if rule.OfFlux(o) {
		return nil
	}
	for _, container := range rule.Containers(o) {
		add(object.Text(container.Fields, "image"), container.Path+".image", false)
	}
	if o.Ref().GroupKind() != object.HelmReleaseKind {
		return found
	}
	rule.Walk(object.Map(o.Unstructured.Object, "spec", "values"), "spec.values", func(path, _ string, value any) bool {
		fields, _ := value.(map[string]any)
		if text := object.Text(fields, "repository"); text != "" {
			name, field, tagged := inValues(fields, path)
			add(name, field, !tagged)
		}
		return true
	})
	return found
}

// inValues is the name of the image in a map of a chart's values.
func inValues(fields map[string]any, path string) (name, field string, tagged bool) {
	name, field = object.Text(fields, "repository"), rule.Field(path, "repository")
	if registry := object.Text(fields, "registry"); registry != "" {
		name = registry + "/" + name
	}
	tag, _ := object.Quote(fields, "tag")
	if tag != "" {
		name, field, tagged = name+":"+tag, rule.Field(path, "tag"), true
	}
	if digest := object.Text(fields, "digest"); digest != "" && !strings.Contains(tag, "@") {
		name += "@" + digest
	}
	return name, field, tagged
}

// movingWords are words of tags that publishers move to each new build.
var movingWords = []string{
	"latest", "stable", "edge", "nightly", "main", "master", "dev", "devel", "develop", "canary",
	"rolling", "head", "snapshot", "unstable", "testing",
}

// moves reports whether a tag is not that of a version: it is missing, or has a word that means
// the newest build, and no digit.
func moves(tag string) bool {
	if tag == "" {
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(tag), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return !strings.ContainsAny(tag, "0123456789") && slices.ContainsFunc(words, func(word string) bool { return slices.Contains(movingWords, word) })
}
