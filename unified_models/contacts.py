"""Customers and vendors."""

from typing import Annotated

from unified_models.attachments import AttachedFile
from unified_models.fields import read_only, required, writable
from unified_models.parts import Address, Element, Email, PaymentTerms, Phone
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef, Part, Ref
from unified_models.statuses import MasterBlock
from unified_models.types import Money, SignedMoney, Words


class ContactPerson(Element):
    """A person at a contact; PATCH merges persons by `id`."""

    id: str | None = writable("In PATCH: the person that is changed")
    first_name: str | None = writable("First name")
    last_name: str | None = writable("Last name")
    title: str | None = writable("Form of address")
    emails: list[Email] | None = writable("Email addresses, complete")
    phones: list[Phone] | None = writable("Phone numbers, complete")
    is_primary: bool | None = writable("The one documents go to")
    role: str | None = writable("Position")


class ContactBankAccount(Part):
    """A bank account of a contact, as far as it may be shown."""

    name: str | None = read_only("Name of the bank or account")
    last4: str | None = read_only("Last four digits")


class Contact(MasterBlock, Record):
    """A customer or a vendor."""

    name: str | None = required("Display name")
    type: Annotated[str, Words(("customer", "vendor"))] | None = writable("customer when absent")
    is_customer: bool | None = writable("Sells to it")
    is_vendor: bool | None = writable("Buys from it")
    number: str | None = writable("The company's number for it")
    company_name: str | None = writable("Legal or trading name")
    first_name: str | None = writable("First name of the primary person")
    last_name: str | None = writable("Last name of the primary person")
    title: str | None = writable("Form of address of the primary person")
    emails: list[Email] | None = writable("Email addresses, complete")
    phones: list[Phone] | None = writable("Phone numbers, complete")
    addresses: list[Address] | None = writable("Postal addresses, one per type")
    contact_persons: list[ContactPerson] | None = writable("People at the contact")
    tax_number: str | None = writable("Tax registration number")
    tax_rate: CodeRef | None = writable("Default tax rate")
    is_taxable: bool | None = writable("False when exempt")
    tax_exemption: Ref | None = writable("Why it is exempt")
    tax_details: dict[str, str | bool | None] | None = writable("Country fields; keys in meta")
    currency: str | None = writable("ISO 4217 code")
    language: str | None = writable("Language of its documents")
    payment_terms: PaymentTerms | None = writable("When its documents fall due")
    credit_limit: Money | None = writable("Credit limit")
    website: str | None = writable("Website")
    memo: str | None = writable("Internal note")
    owner: Ref | None = writable("User in charge")
    receivable_balance: SignedMoney | None = read_only("What it owes")
    payable_balance: SignedMoney | None = read_only("What it is owed")
    unapplied_receivable: SignedMoney | None = read_only("Its credits not yet applied")
    unapplied_payable: SignedMoney | None = read_only("Vendor credits not yet applied")
    default_account: CodeRef | None = writable("Account its lines are posted to by default")
    parent: ContactRef | None = writable("Contact it belongs to")
    bank_accounts: list[ContactBankAccount] | None = read_only("Its bank accounts, masked")
    portal_status: str | None = read_only("The provider's word for its customer portal")
    attachments: list[AttachedFile] | None = read_only("Files attached to it")
