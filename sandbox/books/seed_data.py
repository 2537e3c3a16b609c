"""Names and figures of the furnished organisation."""

from typing import NamedTuple

CUSTOMERS = (
    "Aldgate Interiors", "Amberline Bakery", "Arbor & Sons", "Atlas Print Works", "Bayview Dental",
    "Birchwood Academy", "Blue Heron Hotels", "Brightwater Foods", "Cascade Outfitters", "Cedar Lane Clinic",
    "Clearview Optics", "Cobalt Robotics", "Copperfield Theatre", "Driftwood Cafe", "Eastgate Logistics",
    "Elm Street Cinema", "Fairhaven Realty", "Falcon Couriers", "Foxglove Florists", "Garnet Consulting",
    "Golden Hour Studios", "Granite Peak Climbing", "Harbor City Brewing", "Hawthorn Legal", "Ironbridge Motors",
    "Juniper Skincare", "Kestrel Aviation", "Larkspur Media", "Lighthouse Charity", "Maple & Main",
    "Meridian Surveyors", "Northwind Traders", "Oakfield Farms", "Orchard Software", "Pinecrest School",
    "Quayside Marina", "Redwood Fitness", "Saffron Kitchen", "Silverline Trains", "Tidewater Energy",
    "Umber Ceramics", "Vantage Security", "Willow Veterinary", "Yarrow Textiles",
)  # fmt: skip
FOREIGN = (
    ("Müller Maschinenbau GmbH", "EUR", "Germany"),
    ("Atelier Beaulieu SARL", "EUR", "France"),
    ("Thistle & Rowe Ltd", "GBP", "United Kingdom"),
    ("Sakura Denki KK", "JPY", "Japan"),
    ("株式会社みなと商事", "JPY", "Japan"),
    ("Gulf Pearl Trading WLL", "BHD", "Bahrain"),
    ("Coromandel Spices Pvt Ltd", "INR", "India"),
    ("Boréal Équipement Inc", "CAD", "Canada"),
    ("Wattle Creek Wines", "AUD", "Australia"),
    ("Table Mountain Tours", "ZAR", "South Africa"),
)
VENDORS = (
    "Acorn Paper Supply", "Beacon Telecom", "Brook & Vale Lettings", "Crestline Couriers", "Delta Power",
    "Everton Cloud Hosting", "Fernhill Catering", "Greenway Cleaning", "Highland Insurance", "Inkwell Printers",
    "Jasper Accountancy", "Keystone Hardware", "Linden Travel", "Mossgate Legal", "Nimbus Software",
    "Osprey Freight",
)  # fmt: skip
FIRST = (
    "Ada", "Ben", "Carla", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam",
    "Mara", "Noah", "Olivia", "Pablo", "Ruth", "Samuel", "Tara", "Viktor", "Wanda", "Yusuf", "Zoë",
)  # fmt: skip
LAST = (
    "Abbott", "Brandt", "Castillo", "Dietrich", "Eriksen", "Fontaine", "García", "Hughes", "Ito", "Jansen",
    "Kaur", "Lopez", "Moreau", "Nakamura", "O'Brien", "Patel", "Quinn", "Rossi", "Schmidt", "Turner",
)  # fmt: skip
CITIES = (
    ("New York", "NY", "10001"), ("Boston", "MA", "02108"), ("Chicago", "IL", "60601"), ("Austin", "TX", "73301"),
    ("Seattle", "WA", "98101"), ("Denver", "CO", "80202"), ("Portland", "OR", "97201"), ("Atlanta", "GA", "30303"),
)  # fmt: skip
STREETS = ("Main Street", "Oak Avenue", "Harbor Road", "Mill Lane", "Station Street", "Park Boulevard")
ROLES = ("Owner", "Accounts payable", "Office manager", "Procurement", "Controller")


class Good(NamedTuple):
    name: str
    unit: str
    rate: str
    kind: str
    product: str
    tax: str = ""


ITEMS = (
    Good("Consulting Services", "hour", "150", "sales", "service"),
    Good("Senior Consulting", "hour", "225", "sales", "service"),
    Good("On-site Training", "day", "1200", "sales", "service"),
    Good("Remote Workshop", "session", "480", "sales", "service"),
    Good("Software License", "license", "299", "sales", "digital_service", "Sales Tax"),
    Good("Support Plan Basic", "month", "49.50", "sales", "service"),
    Good("Support Plan Plus", "month", "129.99", "sales", "service"),
    Good("Data Migration", "job", "2400", "sales", "service"),
    Good("Hosting Small", "month", "19.95", "sales", "digital_service", "Sales Tax"),
    Good("Hosting Large", "month", "89.95", "sales", "digital_service", "Sales Tax"),
    Good("Domain Renewal", "year", "14.99", "sales_and_purchases", "digital_service"),
    Good("Wireless Router", "pcs", "119", "sales_and_purchases", "goods", "State and City"),
    Good("Network Switch 8 Port", "pcs", "64.90", "sales_and_purchases", "goods", "State and City"),
    Good("Network Switch 24 Port", "pcs", "189.90", "sales_and_purchases", "goods", "State and City"),
    Good("Patch Cable 1 m", "pcs", "3.25", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Patch Cable 5 m", "pcs", "6.75", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Laptop Stand", "pcs", "39.90", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Docking Station", "pcs", "179", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Monitor 24 Inch", "pcs", "209", "sales_and_purchases", "goods", "State and City"),
    Good("Monitor 32 Inch", "pcs", "389", "sales_and_purchases", "goods", "State and City"),
    Good("Keyboard", "pcs", "54.50", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Mouse", "pcs", "27.80", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Headset", "pcs", "88", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Webcam", "pcs", "72.40", "sales_and_purchases", "goods", "Sales Tax"),
    Good("External Drive 2 TB", "pcs", "94.95", "sales_and_purchases", "goods", "State and City"),
    Good("Memory Card 128 GB", "pcs", "21.37", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Label Printer", "pcs", "148.60", "sales_and_purchases", "goods", "State and City"),
    Good("Label Roll", "roll", "7.15", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Barcode Scanner", "pcs", "133.33", "sales_and_purchases", "goods", "State and City"),
    Good("Receipt Paper", "box", "18.49", "sales_and_purchases", "goods", "Sales Tax"),
    Good("Extended Warranty", "year", "59", "sales", "service"),
    Good("Installation", "visit", "95", "sales", "service"),
    Good("Emergency Call-out", "visit", "240", "sales", "service"),
    Good("Security Audit", "job", "1850", "sales", "service"),
    Good("Translation", "word", "0.145", "sales", "service"),
    Good("Cloud Storage", "GB", "0.0230", "sales", "digital_service"),
    Good("Office Rent", "month", "3200", "purchases", "service"),
    Good("Electricity", "kWh", "0.2145", "purchases", "service"),
    Good("Courier", "parcel", "11.90", "purchases", "service"),
    Good("Retired Handset", "pcs", "45", "sales", "goods"),
)
TAXES = (
    ("Sales Tax", "6.25", "tax"),
    ("State Tax", "4", "tax"),
    ("City Tax", "4.5", "tax"),
    ("Harbor Levy", "1.5", "compound_tax"),
    ("VAT", "20", "tax"),
    ("GST", "5", "tax"),
    ("Provincial Tax", "9.975", "compound_tax"),
    ("Consumption Tax", "10", "tax"),
    ("Zero Rate", "0", "tax"),
    ("Old Sales Tax", "5.5", "tax"),
)
GROUPS = (
    ("State and City", ("State Tax", "City Tax")),
    ("Port District", ("State Tax", "City Tax", "Harbor Levy")),
    ("GST and Provincial", ("GST", "Provincial Tax")),
)
USD = {
    "AED": "0.2723", "AUD": "0.6612", "BND": "0.7431", "CAD": "0.7318", "CNY": "0.1392", "EUR": "1.0875",
    "GBP": "1.2694", "INR": "0.01187", "JPY": "0.006712", "SAR": "0.2666", "USD": "1", "ZAR": "0.05512",
    "BHD": "2.6525", "KWD": "3.2541", "CHF": "1.1236", "NZD": "0.6035", "SGD": "0.7458",
}  # fmt: skip
"""What a unit of each currency is worth in US dollars."""
PEOPLE = (
    ("Priya Raman", "priya.raman", "staff", "active"),
    ("Tom Becker", "tom.becker", "staff", "active"),
    ("Lucia Ferrer", "lucia.ferrer", "timesheetstaff", "active"),
    ("Old Hand", "old.hand", "staff", "inactive"),
    ("New Joiner", "new.joiner", "staff", "invited"),
)
