#!/bin/sh
# stub-ssh.sh: an ssh that is the host, with a stub in the place of its disk: it pulls by the protocol, object after object, and says how far it is. In the
# middle it makes a file in $IMAGEFABRIC_STUB_DIRECTORY/there and waits for the file "all" beside. On PATH as ssh, it makes a fleet of any size of one machine.
echo; echo 'IMAGEFABRIC HAVE'
IFS= read -r request
case $request in *'"operation":"pull"'*) ;; *) exit 3;; esac
key=${request#*'"index":"'}; key=${key%%'"'*}
id=${request#*'"imageId":"'}; id=${id%%'"'*}
done=0
while test $done -lt 20; do
  printf '{"type":"demand","objects":["%s"]}\n' "$key"
  IFS= read -r grant || exit 4
  case $grant in *'"type":"grant"'*) ;; *) exit 5;; esac
  case $grant in *'"key":"'"$key"'"'*) ;; *) exit 6;; esac
  done=$((done+1))
  echo "{\"type\":\"progress\",\"activity\":\"Syncing\",\"bytesDone\":${done}000000,\"bytesTotal\":20000000}"
  if test $done = 10; then
    : > "$IMAGEFABRIC_STUB_DIRECTORY/there/$$"
    until test -e "$IMAGEFABRIC_STUB_DIRECTORY/all"; do sleep 2; done
  fi
done
printf '{"type":"result","imageId":"%s","status":"Synced","bytesFetched":20000000,"path":"/images/a.raw","format":"raw"}\n' "$id"
