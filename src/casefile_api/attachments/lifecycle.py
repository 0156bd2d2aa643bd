"""The store's own clean-up, behind the worker's: it gives up uploads in parts that nobody finished (S3 lifecycle)."""

from casefile_api.attachments.storage import Answer, MissingObject, Storage, StoreRefused

_RULE = "casefile-unfinished-uploads"
_NONE_YET = "NoSuchLifecycleConfiguration"


def give_up_unfinished(storage: Storage, after_days: int) -> bool:
    """Have the store give up uploads so many days after they were begun; returns whether it says that it will.

    The rules that an operator made are kept, and nothing is changed where they cannot be read: waits, so it is for a
    thread.
    """
    rule = {
        "ID": _RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": "attachments/"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": after_days},
    }
    try:
        rules = _rules(storage)
        if _has(rules, after_days):
            return True
        others = [each for each in rules if each.get("ID") != _RULE]
        storage.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [*others, rule]})
        return _has(_rules(storage), after_days)
    except (StoreRefused, MissingObject):
        return False


def _has(rules: list[Answer], after_days: int) -> bool:
    wanted = {"DaysAfterInitiation": after_days}
    return any(each.get("ID") == _RULE and each.get("AbortIncompleteMultipartUpload") == wanted for each in rules)


def _rules(storage: Storage) -> list[Answer]:
    try:
        rules: list[Answer] = storage.ask("get_bucket_lifecycle_configuration").get("Rules", [])
    except StoreRefused as refused:
        if refused.reason != _NONE_YET:
            raise
        return []
    return rules
