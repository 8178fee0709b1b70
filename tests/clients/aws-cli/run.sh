#!/usr/bin/env bash
# What people do with the AWS CLI: copy, list, sync, move, remove, presign, make and remove buckets.
. "$(dirname "$0")/../lib/rp.sh"

export AWS_ACCESS_KEY_ID=$RP_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$RP_SECRET AWS_DEFAULT_REGION=us-east-1
export AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1 AWS_PAGER="" HOME=$PWD
aws() { "$tools/venv/awscli/bin/aws" --endpoint-url "$RP_ENDPOINT" "$@"; }
bucket=s3://$RP_BUCKET

try "cp of a small and a 20 MB file, up and down"
random_file small.png 40000
random_file large.mp4 20000000
aws s3 cp --quiet --acl public-read --content-type image/png small.png "$bucket/cp/small.png"
aws s3 cp --quiet large.mp4 "$bucket/cp/large.mp4"
aws s3 cp --quiet "$bucket/cp/large.mp4" back.mp4
cmp large.mp4 back.mp4
contains "$(aws s3api head-object --bucket "$RP_BUCKET" --key cp/large.mp4)" '"ContentType": "video/mp4"' "type by its name"
curl -sSfL "$RP_REDIRECTOR/$RP_BUCKET/cp/small.png" -o back.png
cmp small.png back.png

try "cp from standard input and to standard output"
seq 100000 | aws s3 cp --quiet - "$bucket/cp/pipe.txt"
equal "$(aws s3 cp --quiet "$bucket/cp/pipe.txt" - | sha256sum)" "$(seq 100000 | sha256sum)" "what came back"

try "ls"
contains "$(aws s3 ls)" "$RP_BUCKET" "buckets"
listing=$(aws s3 ls --recursive --summarize "$bucket")
contains "$listing" "20000000 cp/large.mp4" "objects"
contains "$listing" "Total Objects: 3" "summary"
contains "$(aws s3 ls "$bucket/")" "PRE cp/" "prefix"

try "cp and mv within the bucket"
aws s3 cp --quiet "$bucket/cp/small.png" "$bucket/copied/small one+two.png"
aws s3 cp --quiet "$bucket/cp/large.mp4" "$bucket/copied/large.mp4"
aws s3 mv --quiet "$bucket/copied/small one+two.png" "$bucket/moved/small.png"
equal "$(aws s3 ls --recursive "$bucket/copied/" | wc -l)" 1 "objects left behind"
aws s3 cp --quiet "$bucket/moved/small.png" back.png
cmp small.png back.png
aws s3 cp --quiet "$bucket/copied/large.mp4" back.mp4
cmp large.mp4 back.mp4

try "sync up, again, with a change, with --delete, and down"
for n in $(seq 25); do random_file "tree/dir $((n % 3))/ü-$n.bin" $((n * 1000)); done
find tree -type f -exec touch -d '1 hour ago' {} +
aws s3 sync --quiet tree "$bucket/tree"
equal "$(aws s3 sync tree "$bucket/tree")" "" "what a second sync does"
random_file "tree/dir 1/new.bin" 10
rm "tree/dir 2/ü-2.bin"
aws s3 sync --quiet --delete tree "$bucket/tree"
aws s3 sync --quiet "$bucket/tree" tree-back
diff -r tree tree-back

try "presign"
aws s3api put-object-acl --bucket "$RP_BUCKET" --key cp/small.png --acl private
equal "$(status "$RP_ENDPOINT/$RP_BUCKET/cp/small.png")" 403 "status without a signature"
curl -sSf "$(aws s3 presign "$bucket/cp/small.png" --expires-in 60)" -o back.png
cmp small.png back.png

try "conditional and ranged reads, attributes"
aws s3api get-object --bucket "$RP_BUCKET" --key cp/large.mp4 --range bytes=19999990-20000005 tail.bin >/dev/null
equal "$(tail -c 10 large.mp4 | sha256sum)" "$(sha256sum <tail.bin)" "the last ten bytes"
refused "If-Match of another ETag" aws s3api get-object --bucket "$RP_BUCKET" --key cp/large.mp4 --if-match '"x"' no.bin
contains "$answer" PreconditionFailed "the refusal"
contains "$(aws s3api get-object-attributes --bucket "$RP_BUCKET" --key cp/large.mp4 --object-attributes ObjectSize)" \
  '"ObjectSize": 20000000' "attributes"

try "rm, one and all"
aws s3 rm --quiet "$bucket/cp/small.png"
refused "cp of what was removed" aws s3 cp "$bucket/cp/small.png" gone.png
aws s3 rm --quiet --recursive "$bucket/tree"
equal "$(aws s3api list-objects-v2 --bucket "$RP_BUCKET" --prefix tree/ --query 'length(Contents || `[]`)')" 0 "objects left"

try "mb and rb"
aws s3 mb "$bucket-more"
aws s3 cp --quiet small.png "$bucket-more/small.png"
refused "rb of a bucket with objects" aws s3 rb "$bucket-more"
aws s3 rb --force "$bucket-more" >/dev/null
refused "ls of a removed bucket" aws s3 ls "$bucket-more"

try "another member's bucket"
refused "cp to it" aws s3 cp small.png "s3://$RP_OTHER_BUCKET/small.png"
contains "$answer" AccessDenied "the refusal"
refused "mb of its name" aws s3 mb "s3://$RP_OTHER_BUCKET"

echo "all passed"
