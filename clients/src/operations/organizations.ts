// Organizations: finding, listing, changing, renaming and deleting them.
import { graphql } from "../generated/index.js";

/** The organization that has this slug, or had it of late. */
export const organizationBySlug = graphql(`
  query OrganizationBySlug($slug: String!) {
    organization(slug: $slug) {
      ...OrganizationFields
    }
  }
`);

/** A page of the directory, for operators: the next one begins after `pageInfo.endCursor`. */
export const organizations = graphql(`
  query Organizations(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $filter: OrganizationFilter
    $orderBy: OrganizationOrder
  ) {
    organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      edges {
        cursor
        node {
          ...OrganizationFields
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

/** Change what an organization says about itself. */
export const updateOrg = graphql(`
  mutation UpdateOrg($input: UpdateOrgInput!) {
    updateOrg(input: $input) {
      organization {
        ...OrganizationFields
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);

/** Rename an organization. A new slug moves its store, which `migration` describes. */
export const renameOrg = graphql(`
  mutation RenameOrg($input: RenameOrgInput!) {
    renameOrg(input: $input) {
      organization {
        ...OrganizationFields
      }
      migration {
        id
        state
        documentsDone
        documentsTotal
        startedAt
        finishedAt
        error
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);

/** Delete an organization: its documents are destroyed, its record remains. */
export const deleteOrg = graphql(`
  mutation DeleteOrg($input: DeleteOrgInput!) {
    deleteOrg(input: $input) {
      organization {
        ...OrganizationFields
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);
