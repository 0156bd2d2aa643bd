"""The bucket at start-up: there, keeping every version, and closed to the public; or a sentence with the mend."""

from contextlib import suppress

from casefile_api.attachments.lifecycle import give_up_unfinished
from casefile_api.attachments.locking import enable_lock
from casefile_api.attachments.storage import MissingObject, Storage, StoreRefused
from casefile_api.errors import Misconfigured
from casefile_api.identifiers import random_hex
from casefile_api.settings import ObjectLock

_BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_PUBLIC_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")


async def prepare_bucket(storage: Storage) -> None:
    """Create the bucket where it is missing, turn versioning on, and make sure that nothing in it is public.

    Raises Misconfigured where the store or the credentials do not allow that, DependencyUnavailable where it is silent.
    """
    await storage.call(lambda: _prepare(storage), seconds=60)


async def check_bucket(storage: Storage) -> None:
    """Say by DependencyUnavailable or Misconfigured that the bucket cannot be reached: for readiness."""
    await storage.call(lambda: _open(storage), seconds=5)


def _prepare(storage: Storage) -> None:
    if not _open(storage):
        _create(storage)
    _keep_every_version(storage)
    if storage.kms_key_id:
        _encrypt_by(storage, storage.kms_key_id)
    enable_lock(storage, storage.object_lock)
    give_up_unfinished(storage, storage.give_up_days)
    _refuse_the_public(storage)


def _open(storage: Storage) -> bool:
    try:
        storage.ask("head_bucket")
    except MissingObject:
        return False
    except StoreRefused as refused:
        raise Misconfigured(
            f"The bucket {storage.bucket} cannot be opened ({refused.reason}): check CASEFILE_S3_BUCKET and the AWS "
            "credentials."
        ) from refused
    return True


def _create(storage: Storage) -> None:
    """Create the bucket in its region, so that what is in it can be locked; where a store cannot, plainer.

    Ceph knows zone groups and no regions, and locks only in buckets that were made for it. On AWS a regional endpoint
    makes no bucket anywhere else.
    """
    # us-east-1 is the one region that S3 does not let be named.
    named = storage.region != "us-east-1"
    place = {"CreateBucketConfiguration": {"LocationConstraint": storage.region}} if named else {}
    lock = {} if storage.object_lock is ObjectLock.OFF else {"ObjectLockEnabledForBucket": True}
    reasons: list[str] = []
    for way in (place | lock, lock, place, {}):
        try:
            storage.ask("create_bucket", **way)
        except StoreRefused as refused:
            reasons.append(refused.reason)
        else:
            return
        if reasons[-1] == "BucketAlreadyOwnedByYou":
            return
    raise Misconfigured(
        f"The bucket {storage.bucket} is missing and cannot be created ({reasons[0]}): create it, or allow the "
        "credentials s3:CreateBucket."
    )


def _keep_every_version(storage: Storage) -> None:
    if storage.ask("get_bucket_versioning").get("Status") == "Enabled":
        return
    try:
        storage.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
    except StoreRefused as refused:
        raise Misconfigured(
            f"Versioning of the bucket {storage.bucket} is off and cannot be turned on ({refused.reason}): turn it on."
        ) from refused


def _encrypt_by(storage: Storage, key_id: str) -> None:
    """Have the store encrypt everything by a key of AWS KMS, whoever writes it: presigned uploads need say nothing."""
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_id},
        "BucketKeyEnabled": True,
    }
    try:
        storage.ask("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]})
    except StoreRefused as refused:
        raise Misconfigured(
            f"The bucket {storage.bucket} cannot be encrypted by CASEFILE_S3_KMS_KEY_ID ({refused.reason}): allow the "
            "credentials s3:PutEncryptionConfiguration and the use of the key."
        ) from refused


def _refuse_the_public(storage: Storage) -> None:
    # Not every store knows the call, and not every credential may make it: what counts is looked at next.
    with suppress(StoreRefused):
        _block(storage, *_BLOCKED)
        if not _can_be_written(storage):
            # Ceph RGW 16 takes the first to mean every upload. Public ACLs are ignored all the same.
            _block(storage, *_BLOCKED[1:])
    if _acl_is_public(storage) or _policy_is_public(storage):
        raise Misconfigured(f"The bucket {storage.bucket} is open to the public: close its ACL and policy.")


def _block(storage: Storage, *what: str) -> None:
    storage.ask("put_public_access_block", PublicAccessBlockConfiguration=dict.fromkeys(what, True))


def _can_be_written(storage: Storage) -> bool:
    key = f"probe/{random_hex(16)}"
    try:
        written = storage.ask("put_object", Key=key, Body=b"")
    except StoreRefused:
        return False
    storage.ask("delete_object", Key=key, **({"VersionId": written["VersionId"]} if "VersionId" in written else {}))
    return True


def _acl_is_public(storage: Storage) -> bool:
    try:
        grants = storage.ask("get_bucket_acl").get("Grants", [])
    except StoreRefused:
        return False
    return any(str(grant.get("Grantee", {}).get("URI", "")).endswith(_PUBLIC_GROUPS) for grant in grants)


def _policy_is_public(storage: Storage) -> bool:
    try:
        return bool(storage.ask("get_bucket_policy_status").get("PolicyStatus", {}).get("IsPublic"))
    except StoreRefused:
        return False
