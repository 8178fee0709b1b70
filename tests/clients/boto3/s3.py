"""Clients of boto3 for the tests, current or from before 1.36."""

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

import rp

BEFORE_1_36 = tuple(int(n) for n in botocore.__version__.split(".")[:2]) < (1, 36)


def client(key=rp.ACCESS_KEY, secret=rp.SECRET, region="us-east-1", **config):
    """A client as an administrator of a Fediverse server would set it up: an endpoint and a key."""
    config = {"retries": {"total_max_attempts": 1}, "read_timeout": 20} | config
    return boto3.client(
        "s3",
        endpoint_url=rp.ENDPOINT,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name=region,
        config=Config(**config),
    )


def knows(operation, parameter):
    """Whether this boto3 has that parameter."""
    model = S3.meta.service_model
    return parameter in model.operation_model(operation).input_shape.members


def refused(code, status, call, *args, **kwargs):
    """Fails unless the call is refused with that S3 code and HTTP status; gives the error."""
    try:
        call(*args, **kwargs)
    except ClientError as error:
        rp.equal(error.response["Error"]["Code"], code, "error code")
        rp.equal(error.response["ResponseMetadata"]["HTTPStatusCode"], status, "HTTP status")
        return error
    raise AssertionError(f"{code} expected, and the call was accepted")


def put(key, body=b"x", **more):
    """Puts an object into the member's bucket."""
    return S3.put_object(Bucket=rp.BUCKET, Key=key, Body=body, **more)


def get(key, **more):
    """An object's bytes."""
    return S3.get_object(Bucket=rp.BUCKET, Key=key, **more)["Body"].read()


def head(key, **more):
    """An object's headers."""
    return S3.head_object(Bucket=rp.BUCKET, Key=key, **more)


S3 = client()
