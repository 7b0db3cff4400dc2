#!/bin/bash
# run-recorded.sh FILE COMMAND...: writes "PID START-TIME" to FILE, then becomes COMMAND. Used by start_process.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
file=$1; shift
echo "$$ $(process_start_time $$)" >"$file.new"
mv "$file.new" "$file"
exec "$@"
