// Package file reads and writes snapshot files.
package file

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// Read reads a file that Write wrote. It trusts nothing: a file may come from any source, so
// its size, depth and names are limited (package decode), and its content is redacted again.
// Errors are a *decode.ReadError, or the reader's own.
//
// It unpacks the file twice: objects take several times the memory of their text, and a file
// that is too large must be rejected before any object is decoded.
func Read(r io.Reader) (*snapshot.Snapshot, error) {
	file := bufio.NewReader(&decode.LimitedReader{From: r, Left: decode.MaxPacked,
		Over: decode.TooLarge("the file is larger than %d MiB", decode.MaxPacked>>20)})
	if begin, _ := file.Peek(len(gzipMagic)); len(begin) == len(gzipMagic) && !IsPacked(begin) {
		return nil, notASnapshot(gzip.ErrHeader)
	}
	packed, err := decode.ReadPieces(file)
	if err != nil {
		return nil, err
	}
	unpacked, err := unzip(packed)
	if err != nil {
		return nil, notASnapshot(err)
	}
	size, err := io.Copy(io.Discard, unpacked)
	// The second pass reports all other errors in more detail.
	if errors.Is(err, decode.ErrTooLarge) {
		return nil, err
	}
	if unpacked, err = unzip(packed); err != nil {
		return nil, notASnapshot(err)
	}
	snapshot, err := readTar(tar.NewReader(unpacked), unpacked, decode.FreeMemory+decode.SavedMemory*size)
	if err != nil {
		return nil, explain(err)
	}
	// Only the end of the stream has the checksum.
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return nil, explain(err)
	}
	return snapshot, nil
}

// gzipMagic begins a gzip file (RFC 1952, section 2.3.1).
const gzipMagic = "\x1f\x8b"

// IsPacked reports by its first bytes whether a file is gzipped, as snapshots are.
func IsPacked(begin []byte) bool { return bytes.HasPrefix(begin, []byte(gzipMagic)) }

func unzip(packed decode.Pieces) (*decode.LimitedReader, error) {
	unzipped, err := gzip.NewReader(bufio.NewReader(packed.Reader()))
	if err != nil {
		return nil, err
	}
	return &decode.LimitedReader{From: unzipped, Left: decode.MaxUnpacked,
		Over: decode.TooLarge("it unpacks to more than %d MiB", decode.MaxUnpacked>>20)}, nil
}

func readTar(files *tar.Reader, unpacked *decode.LimitedReader, maxMemory int64) (*snapshot.Snapshot, error) {
	header, err := nextFile(files)
	if errors.Is(err, io.ErrUnexpectedEOF) && unpacked.Ended {
		err = tar.ErrHeader // the gzip is complete, but too short for a tar
	}
	if err == nil && header.Name == oldIndex {
		return nil, &decode.ReadError{Reason: decode.ErrNewer, Found: "it is YAML, this one reads JSON"}
	}
	if err == io.EOF || err == nil && header.Name != indexName {
		return nil, &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: "its first file is not " + indexName}
	}
	if err != nil {
		return nil, err
	}
	found, paths, err := readIndex(files)
	if err != nil {
		return nil, err
	}
	objects := decode.StartParsing(maxMemory)
	seen, saved := map[string]bool{indexName: true}, savedByPath(found)
	for entries := 1; ; entries++ {
		header, err := nextFile(files)
		if err == io.EOF {
			if err := saved.missing(seen); err != nil {
				objects.Stop(err)
			}
			break
		}
		if err == nil {
			err = acceptFile(header.Name, paths, seen, entries)
		}
		if err == nil {
			err = saved.read(files, header.Name, func(content io.Reader) (int, error) {
				before := objects.Documents
				err := objects.ReadFile(content, header.Name, paths[header.Name])
				return objects.Documents - before, err
			})
		}
		if err != nil {
			objects.Stop(err)
			break
		}
	}
	return build(found, objects)
}

// build waits for the parser, and returns the snapshot of an index with its objects.
func build(found *index, parser *decode.Parser) (*snapshot.Snapshot, error) {
	objects, err := parser.Parsed()
	if err != nil {
		return nil, err
	}
	builder := snapshot.NewBuilder()
	for _, requested := range found.Requested {
		builder.Add(requested)
	}
	for _, obj := range objects { // redacted by the parser
		if !builder.AddRedacted(obj) {
			return nil, decode.Damaged(nil, "it contains %s %s/%s twice", obj.GetKind(), obj.GetNamespace(), obj.GetName())
		}
	}
	if found.Complete {
		builder.SetComplete()
	}
	return builder.Build(snapshot.Meta{At: found.At, Server: found.Server, Plugin: found.Plugin}), nil
}

// nextFile is the next file of the tar. It skips directories, which only a tar from another
// program has. The name is clean.
func nextFile(files *tar.Reader) (*tar.Header, error) {
	for skipped := 0; ; skipped++ {
		header, err := files.Next()
		if err != nil {
			return nil, err
		}
		name := path.Clean(header.Name)
		if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsAny(name, "\\\x00") {
			return nil, decode.Damaged(nil, "the path %q is outside the snapshot", header.Name)
		}
		if header.Typeflag == tar.TypeDir && skipped < decode.MaxEntries {
			continue
		}
		if header.Typeflag != tar.TypeReg || sparse(header) {
			return nil, decode.Damaged(nil, "%s is not a regular file", header.Name)
		}
		header.Name = name
		return header, nil
	}
}

// sparse reports whether the file has holes, with which a small file expands to a large one.
func sparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// acceptFile checks that the index lists the file, and that the tar has it only once.
func acceptFile(name string, paths layout, seen map[string]bool, entries int) error {
	if seen[name] {
		return decode.Damaged(nil, "it contains %s twice", name)
	}
	if _, known := paths[name]; !known {
		return decode.Damaged(nil, "%s is not in the index", name)
	}
	if entries > decode.MaxEntries {
		return decode.TooLarge("it has more than %d files", decode.MaxEntries)
	}
	seen[name] = true
	return nil
}
