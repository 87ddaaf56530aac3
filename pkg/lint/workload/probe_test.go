package workload

import "testing"

func TestHasCredentials(t *testing.T) {
	for text, want := range map[string]bool{
		"curl -u admin:orthanc http://localhost:8042/":                     true,
		"curl http://admin:orthanc@localhost:8042/system":                  true,
		"curl -H 'Authorization: Basic YWRtaW46b3J0aGFuYw==' http://x":     true,
		"redis-cli -a hunter22 ping":                                       true,
		"sh -c PGPASSWORD=abc psql":                                        true,
		"/health?token=abcdef":                                             true,
		"/health":                                                          false,
		"curl -u admin:$PASSWORD http://localhost:8042/":                   false,
		"curl -u ${USER}:${PASSWORD} http://localhost:8042/":               false,
		`curl -u "$(cat /etc/user):$(cat /etc/password)" http://localhost`: false,
		"redis-cli -a $REDIS_PASSWORD ping":                                false,
		"PGPASSWORD=$POSTGRES_PASSWORD psql -U postgres":                   false,
		"pg_isready -U postgres -h 127.0.0.1 -p 5432":                      false,
		"cat /run/secrets/token":                                           false,
		"grpc_health_probe -addr=:9000 -tls-no-verify":                     false,
	} {
		if got := hasCredentials(text); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}
