package load

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
)

// releaseKey is the key of a Secret of Helm that has the release: JSON, compressed, encoded as
// base64, and, as all data of Secrets, encoded once more (helm v4, pkg/storage/driver/util.go).
const releaseKey = "release"

func decodeRelease(text string) (any, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if data, err = base64.StdEncoding.DecodeString(string(data)); err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if data, err = io.ReadAll(unzipped); err != nil {
		return nil, err
	}
	return decodeJSON(data)
}

func encodeRelease(content any) (string, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	once := base64.StdEncoding.EncodeToString(zipped.Bytes())
	return base64.StdEncoding.EncodeToString([]byte(once)), nil
}
