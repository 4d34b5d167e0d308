terraform {
  required_version = ">= 1.9"
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 6.0" }
    random = { source = "hashicorp/random", version = "~> 3.6" }
  }
  # The state holds the password of the database: a private, encrypted bucket with locking.
  backend "s3" {
    key          = "liquor-agent/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { application = "liquor-agent", environment = var.name }
  }
}

# Certificates of CloudFront live in one region only.
provider "aws" {
  alias  = "edge"
  region = "us-east-1"
}
